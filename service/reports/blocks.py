"""What a report is made of, in whatever format: plain texts, which each writer escapes in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "good", "warning", "bad", "quiet"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, and how it is to be taken."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and whether it holds numbers."""

    heading: str
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its first column names the rows.

    Attributes:
        labels: What must stand beside the numbers: their source, that they are simulated.
        notes: Why a number is not shown; a cell names its note by number.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One next step that a message offers."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads, in one language; `plain` stands in where a value is missing."""

    locale: str
    detail: str
    plain: str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """One variant as its readers meet it, with its facts (rate, weight, principles) below."""

    variant: str
    is_control: bool
    messages: tuple[Message, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings side by side."""

    items: tuple[Wording, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: a lift with its interval and, where known, its always-valid interval."""

    name: str
    estimate: float
    interval: tuple[float, float]
    sequential: tuple[float, float] | None
    words: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Lifts against the control as bars around zero.

    Attributes:
        legend: What the thick and the thin lines are.
        axis: What the axis counts; by default absolute lifts of a rate or a mean.
    """

    title: str
    bars: tuple[Bar, ...]
    is_rate: bool
    labels: tuple[str, ...] = ()
    legend: str = "Thick: one look at the planned time. Thin: valid at any time."
    axis: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One variant's steps: seconds, and the share from then on."""

    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Shares that grow with time, a line a variant, up to a horizon in seconds."""

    title: str
    horizon: int
    lines: tuple[Line, ...]
    labels: tuple[str, ...] = ()


Block = Paragraph | Bullets | Table | Wordings | Forest | Curves


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report with its heading; `name` is its anchor."""

    name: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report.

    Attributes:
        title: The experiment's key.
        labels: What must be known before any number is read: simulated units, the data's source.
        simulated: Whether no real person is behind the numbers; then labels are made to stand out.
        facts: Status, time and version, in short.
        headline: The verdict in one sentence.
    """

    title: str
    labels: tuple[str, ...]
    simulated: bool
    facts: tuple[str, ...]
    headline: str
    tone: Tone
    sections: tuple[Section, ...]
