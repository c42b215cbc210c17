"""Which columns of a table hold a metric, as `--metric` of `keepgoing analyze` says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from experiments.errors import InvalidInput
from experiments.model.metric import (
    PRIMARY_KINDS,
    ConversionMetric,
    EventSource,
    MeanMetric,
    Metric,
    RatioMetric,
    RetentionMetric,
    TimeMetric,
)

KINDS = ("conversion", "retention", "mean", "ratio", "time")
ADJUSTED_KINDS = ("conversion", "retention", "mean")
"""The kinds that may have a covariate."""


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """Which column holds a metric, and of what kind the metric is.

    Attributes:
        denominator: The column below the line, of a ratio.
        covariate: A column that was known before the exposure, by which the metric is adjusted.
    """

    key: str
    kind: str
    column: str
    denominator: str | None = None
    covariate: str | None = None

    @classmethod
    def parsed(cls, text: str) -> MetricColumn:
        """The specification `NAME=KIND:COLUMN[,covariate=COLUMN][,denominator=COLUMN]`.

        Raises:
            InvalidInput: It is not written so, or asks for what does not fit its kind.
        """
        key, equals, rest = text.partition("=")
        kind, colon, columns = rest.partition(":")
        column, *options = columns.split(",")
        if not (key and equals and colon and column):
            raise _fault(f"{text!r} must be NAME=KIND:COLUMN, like retained=conversion:retention_7.")
        if kind not in KINDS:
            raise _fault(f"{text!r}: kind {kind!r} must be one of {', '.join(KINDS)}.")
        named = _options(text, options)
        _check_options(text, kind, column, named)
        return cls(key, kind, column, named.get("denominator"), named.get("covariate"))

    @property
    def beside(self) -> str | None:
        """The second column, whichever there is."""
        return self.denominator or self.covariate

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the metric is read from."""
        return (self.column,) if self.beside is None else (self.column, self.beside)


def metrics_of(columns: Sequence[MetricColumn]) -> tuple[Metric, ...]:
    """The metrics of these columns.

    Raises:
        InvalidInput: Two have one name, a name is not allowed, or none can be compared.
    """
    keys = [column.key for column in columns]
    for key in keys:
        if keys.count(key) > 1:
            raise _fault(f"{key!r} is given twice; give each metric its own name.")
    if not any(column.kind in PRIMARY_KINDS for column in columns):
        raise _fault(f"No metric is one of {', '.join(PRIMARY_KINDS)}, so there is nothing to compare.")
    try:
        return tuple(_metric(column) for column in columns)
    except ValidationError as error:
        raise _fault(f"A metric's name is at fault: {error.errors()[0]['msg']}.") from None


def _options(text: str, options: Sequence[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for option in options:
        name, _, column = option.partition("=")
        if name not in ("denominator", "covariate") or not column or name in named:
            raise _fault(f"{text!r}: {option!r} must be denominator=COLUMN or covariate=COLUMN, each once.")
        named[name] = column
    return named


def _check_options(text: str, kind: str, column: str, named: dict[str, str]) -> None:
    if ("denominator" in named) != (kind == "ratio"):
        raise _fault(f"{text!r}: a ratio has a denominator=COLUMN, and nothing else has one.")
    if "covariate" in named and kind not in ADJUSTED_KINDS:
        raise _fault(f"{text!r}: a {kind} is not adjusted by a covariate; leave it out.")
    if named.get("covariate") == column:
        raise _fault(f"{text!r}: the covariate must be a column from before the exposure, not the outcome.")


def _fault(detail: str) -> InvalidInput:
    return InvalidInput.at("/metrics", detail)


def _metric(column: MetricColumn) -> Metric:
    if column.kind == "conversion":
        return ConversionMetric(key=column.key, kind="conversion", event=column.key)
    if column.kind == "retention":
        return RetentionMetric(key=column.key, kind="retention", event=column.key, from_day=0, to_day=1)
    if column.kind == "mean":
        return MeanMetric(key=column.key, kind="mean", event=column.key)
    if column.kind == "time":
        return TimeMetric(key=column.key, kind="time", event=column.key)
    source = EventSource(event=column.key)
    return RatioMetric(key=column.key, kind="ratio", numerator=source, denominator=source)
