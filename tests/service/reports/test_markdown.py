"""Markdown that a reader renders as tables and text, whatever the users wrote."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from service.reports.markdown import escape, markdown_of
from service.reports.report import report_of
from tests.analyses import an_experiment_saying, results_of, with_every_role
from tests.markup import PAYLOADS, skeleton, words


def rendered(text: str) -> str:
    """As a careless reader renders it: raw HTML goes through."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return str(reader.render(text))


def page(text: str) -> str:
    definition = an_experiment_saying(text)
    return rendered(markdown_of(report_of(results_of(definition), definition=definition)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup_and_none_is_lost(payload: str) -> None:
    found, harmless = page(payload), page("harmless")
    assert skeleton(found) == skeleton(harmless)
    assert words(found).count(payload) == words(harmless).count("harmless") >= 9


@pytest.mark.parametrize(
    "text", ["- a", "+ a", "1. a", "12) a", "=== a", "> a", "  # a", "a\n# b", "***", "~~~"]
)
def test_no_text_begins_a_block(text: str) -> None:
    assert rendered(escape(text)).startswith("<p>")
    assert words(rendered(escape(text))) == " ".join(text.split())


@pytest.mark.parametrize("text", ["19.0%", "retained_d7", "\N{MINUS SIGN}0.82", "0.0016", "a (b)"])
def test_plain_numbers_and_names_stay_as_they_are(text: str) -> None:
    assert escape(text) == text


def test_tables_have_as_many_cells_as_heads_in_every_row() -> None:
    text = markdown_of(report_of(with_every_role()))
    tables = [part.split("\n") for part in text.split("\n\n") if part.startswith("| ")]
    assert len(tables) >= 8
    for lines in tables:
        assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_the_same_data_are_the_same_bytes() -> None:
    assert markdown_of(report_of(with_every_role())) == markdown_of(report_of(with_every_role()))
