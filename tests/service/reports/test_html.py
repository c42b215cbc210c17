"""The HTML file: whole in itself, nothing to fetch, and no text of a user ever becomes markup."""

from __future__ import annotations

import re

import pytest

from service.reports.html import body_of, html_of
from service.reports.report import report_of
from tests.analyses import an_experiment_saying, results_of, with_every_role
from tests.analysis_factories import rate_cells
from tests.markup import PAYLOADS, skeleton, words


def page(text: str) -> str:
    definition = an_experiment_saying(text)
    return html_of(report_of(results_of(definition), definition=definition))


def test_one_file_holds_everything_and_runs_nothing() -> None:
    text = html_of(report_of(with_every_role()))
    tags = {tag for tag, _ in skeleton(text)}
    assert tags & {"script", "link", "img", "iframe", "object", "form"} == set()
    attributes = {name for _, names in skeleton(text) for name in names}
    assert not {name for name in attributes if name.startswith("on") or name in {"style", "src", "href"}}
    assert "url(" not in text
    assert "@import" not in text


def test_the_same_data_are_the_same_bytes() -> None:
    assert html_of(report_of(with_every_role())) == html_of(report_of(with_every_role()))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup_and_none_is_lost(payload: str) -> None:
    found, harmless = page(payload), page("harmless")
    assert skeleton(found) == skeleton(harmless)
    times = words(harmless).count("harmless")
    assert times >= 9
    assert words(found).count(" ".join(payload.split())) == times


def test_a_segments_value_stays_text() -> None:
    from tests.factories import an_experiment

    definition = an_experiment(plan={"primary": "recharge", "segments": ["plan"]})

    def breakdown(value: str) -> str:
        more = [
            cell
            for variant in ("control", "progress")
            for cell in rate_cells(variant, 500, 50, segment=("plan", value))
        ]
        found = results_of(definition, control=(1000, 100), progress=(1000, 100), more=more, segment="plan")
        return html_of(report_of(found))

    assert skeleton(breakdown(PAYLOADS[4])) == skeleton(breakdown("harmless"))
    assert PAYLOADS[4] in words(breakdown(PAYLOADS[4]))


def test_every_section_can_be_pointed_at_and_every_table_has_a_caption_and_row_heads() -> None:
    text = str(body_of(report_of(with_every_role())))
    assert re.findall(r'<section id="([a-z]+)"', text)[0] == "verdict"
    assert (
        text.count("<table ") == text.count('<figure class="table">') == text.count("<table aria-label=") > 8
    )
    assert text.count('<th scope="row"') >= text.count("<table ")


def test_the_pages_colours_follow_the_readers_and_it_can_be_printed() -> None:
    text = html_of(report_of(results_of()))
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text
