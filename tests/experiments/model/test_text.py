from __future__ import annotations

import pytest

from experiments.model.text import link, one_line, paragraphs, storable


@pytest.mark.parametrize(
    "href",
    [
        "https://example.com",
        "https://example.com/billing?plan={plan}",
        "http://localhost:8080/{plan}",
        "https://bücher.example/",
        "https://[::1]:8443/x",
        "mailto:help@example.com",
        "mailto:help@example.com?subject={plan}",
        "tel:+4930123456",
        "HTTPS://EXAMPLE.COM/",
    ],
)
def test_an_address_that_a_person_may_be_sent_to_is_kept(href: str) -> None:
    assert link(href) == href


@pytest.mark.parametrize(
    "href",
    [
        "",
        "example.com/billing",
        "/billing",
        "//example.com",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        " https://example.com",
        "data:text/html,x",
        "ftp://example.com",
        "{plan}://example.com",
        "https:{plan}",
        "https:example.com",
        "https:///example.com",
        "https://",
        "https://{plan}/",
        "https://{plan}.example.com/",
        "https://example.com{plan}",
        "https://example.com:{plan}/",
        "https://user@example.com/",
        "https://example.com\\@evil.example/",
        "mailto:{plan}@example.com",
        "tel:{plan}",
        "https://example.com/a b",
        "https://example.com/\x7f",
        "https://example.com/\u2028",
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused(href: str) -> None:
    with pytest.raises(ValueError, match=r"must|holds|blank"):
        link(href)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\udfff"])
def test_text_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="holds"):
        storable(text)


@pytest.mark.parametrize("text", ["", "  ", "\u00a0", "a\nb", "a\tb", "a\x1bb", "a\x85b"])
def test_one_line_is_one_line_that_says_something(text: str) -> None:
    with pytest.raises(ValueError, match=r"blank|control"):
        one_line(text)


def test_paragraphs_may_have_line_breaks_and_nothing_worse() -> None:
    assert paragraphs("a\n\nb\tc\r\n") == "a\n\nb\tc\r\n"
    with pytest.raises(ValueError, match="control"):
        paragraphs("a\x1b[31m")


@pytest.mark.parametrize("text", ["नमस्ते", "שלום", "👩‍👩‍👧", "é", "a\u200db"])
def test_any_language_is_text(text: str) -> None:
    assert one_line(text) == text
