"""A report as Markdown (GitHub's dialect), in which no text of a user can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from service.reports.blocks import (
    Block,
    Bullets,
    Curves,
    Forest,
    Message,
    Paragraph,
    Report,
    Section,
    Table,
    Wording,
)
from service.reports.blocks import Wordings as AllWordings

SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
AT_START = re.compile(r"^(?:(?=[#+=-])|\d{1,9}(?=[.)](?:\s|$)))")


def markdown_of(report: Report) -> str:
    """The whole report as Markdown."""
    parts = [f"# {escape(report.title)}", *_labels(report.labels), f"**{escape(report.headline)}**"]
    parts.append("  \n".join(escape(fact) for fact in report.facts))
    for section in report.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """The text on one line, read as nothing but text wherever it stands."""
    line = " ".join(text.split()).translate(ENTITIES)
    line = SPECIAL.sub(lambda found: "\\" + found.group(), line)
    return AT_START.sub(lambda found: found.group() + "\\", line)


def _section(section: Section) -> Iterator[str]:
    yield f"## {escape(section.heading)}"
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterable[str]:
    match block:
        case Paragraph(text=text):
            return [escape(text)]
        case Bullets(items=items):
            return [_list(items)] if items else []
        case Table():
            return _table(block)
        case AllWordings(items=items, labels=labels):
            return [*_labels(labels), *(part for item in items for part in _wording(item))]
        case Forest() | Curves():
            return []  # the table below it says the same
    raise TypeError(f"{type(block).__name__} is no block of a report")


def _labels(labels: Sequence[str]) -> list[str]:
    return [f"> **{escape(' '.join(labels))}**"] if labels else []


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {escape(item)}" for item in items)


def _table(table: Table) -> list[str]:
    heads = [escape(column.heading) for column in table.columns]
    rules = ["---:" if column.is_number else "---" for column in table.columns]
    lines = [_row(heads), _row(rules), *(_row([escape(cell) for cell in row]) for row in table.rows)]
    caption = " ".join((f"**{escape(table.caption)}**", *(escape(label) for label in table.labels)))
    return [caption, "\n".join(lines), *([_list(table.notes)] if table.notes else [])]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _wording(item: Wording) -> list[str]:
    role = " (control)" if item.is_control else ""
    parts = [f"### {escape(item.variant)}{role}"]
    for message in item.messages:
        parts += _message(message)
    return [*parts, _list(item.facts)]


def _message(message: Message) -> list[str]:
    lines = [f"> {escape(line)}" for line in message.detail.splitlines() if line.strip()]
    lines += [f">\n> Next step: {escape(step.label)} ({escape(step.address)})" for step in message.steps]
    plain = f"; where a value is missing: “{escape(message.plain)}”" if message.plain else ""
    return ["\n".join(lines), f"Language {escape(message.locale)}{plain}"]
