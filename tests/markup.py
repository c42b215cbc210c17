"""Texts that try to become markup, and what a document is made of when they stay text."""

from __future__ import annotations

from html.parser import HTMLParser

PAYLOADS = (
    "<script>alert(1)</script>",
    "</p><script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><iframe src=javascript:alert(1)></iframe>',
    "' onmouseover='alert(1)",
    "<a href=javascript:alert(1)>go</a>",
    "[go](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "| a | b |",
    "`<b>x</b>` **bold** _under_ ~~gone~~",
    "# Heading",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- --><style>@import url(//evil.example)</style>",
    "</title></style></textarea><b onclick=alert(1)>x</b>",
)
"""Sixteen of them; none has a brace that a template would read, so that each can be stored anywhere."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.skeleton: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skeleton.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.skeleton.append(("comment", (data,)))


def skeleton(document: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every tag of an HTML document with the names of its attributes: what text can never change."""
    return _read(document).skeleton


def words(document: str) -> str:
    """The text that a reader of an HTML document sees, on one line."""
    return " ".join("".join(_read(document).words).split())


def _read(document: str) -> _Reader:
    reader = _Reader()
    reader.feed(document)
    reader.close()
    return reader
