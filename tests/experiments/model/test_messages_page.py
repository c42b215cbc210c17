"""What docs/messages.md shows is what a reader gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from experiments.model.locales import locale_data
from experiments.model.template import TemplateFault, parse_template
from keepgoing.evaluation.template import compile_template

PAGE = (Path(__file__).parents[3] / "docs" / "messages.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(.*)` \| `(.*)` \| (.*) \| (.*) \|$", PAGE, flags=re.MULTILINE)
BLOCKS = [
    line for block in re.findall(r"```\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines()
]


def rendered(text: str, tag: str, value: Any) -> str:
    """The template's text with the value for its only argument."""
    template = parse_template(text)
    compiled = compile_template(template.wire(), locale_data(tag, currencies=template.currencies))
    return compiled if isinstance(compiled, str) else compiled(dict.fromkeys(template.arguments, value))


@pytest.mark.parametrize(("text", "value", "english", "german"), ROWS)
def test_the_table_shows_what_readers_see(text: str, value: str, english: str, german: str) -> None:
    given = value.strip('"') if value.startswith('"') else float(value)
    assert rendered(text, "en", given) == english
    assert rendered(text, "de", given).replace("\u00a0", " ") == german


def test_the_table_is_read_whole() -> None:
    assert len(ROWS) == 10
    assert len(BLOCKS) == 8


@pytest.mark.parametrize("text", BLOCKS)
def test_the_examples_are_valid(text: str) -> None:
    assert "{" not in rendered(text, "en", True if "true {" in text else "pro" if "select" in text else 3)


@pytest.mark.parametrize(
    ("text", "shown"), [("it's", "it's"), ("'{'name'}'", "{name}"), ("''{plan}''", "'pro'")]
)
def test_apostrophes_are_shown_as_the_page_says(text: str, shown: str) -> None:
    assert f"`{text}`" in PAGE
    assert rendered(text, "en", "pro") == shown


@pytest.mark.parametrize(
    "text",
    ["{0}", "{price, number, currency}", "{d, date}", "{d, time}", "{n, number, #,##0.00}"],
)
def test_what_the_page_says_is_refused_is(text: str) -> None:
    with pytest.raises(TemplateFault):
        parse_template(text)
