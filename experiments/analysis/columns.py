"""Which columns of a table hold a metric, as `--metric` of `keepgoing analyze` says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.errors import InvalidInput
from experiments.model.faults import validated
from experiments.model.metric import METRIC, PRIMARY_KINDS, Metric

KINDS = ("conversion", "retention", "mean", "ratio", "time", "quantile")
ADJUSTED_KINDS = ("conversion", "retention", "mean")
"""The kinds that may have a covariate."""
MOST_COVARIATES = 20
SETTINGS = {
    "mean": ("cap_quantile", "cap_value", "direction"),
    "time": ("window_days", "direction"),
    "quantile": ("quantile", "among", "direction"),
}
"""The members of a definition that may be set here, by kind; they mean what they mean there."""


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """Which column holds a metric, and of what kind the metric is.

    Attributes:
        denominator: The column below the line, of a ratio.
        covariate: A column that was known before the exposure, by which the metric is adjusted.
        further: More of such columns: then the adjustment is by regression on all of them.
        settings: Further members of the metric's definition, as they are written.
    """

    key: str
    kind: str
    column: str
    denominator: str | None = None
    covariate: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    further: tuple[str, ...] = ()

    @classmethod
    def parsed(cls, text: str) -> MetricColumn:
        """The specification `NAME=KIND:COLUMN[,covariate=COLUMN][,denominator=COLUMN][,SETTING=VALUE]…`.

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
        covariates = [option.partition("=")[2] for option in options if option.startswith("covariate=")]
        first = next((place for place, one in enumerate(options) if one.startswith("covariate=")), -1)
        others = [o for place, o in enumerate(options) if place == first or not o.startswith("covariate=")]
        named = _options(text, others)
        _check_options(text, kind, column, named)
        _check_covariates(text, column, covariates)
        settings = tuple((name, value) for name, value in named.items() if name not in COLUMNS)
        further = tuple(covariates[1:])
        return cls(key, kind, column, named.get("denominator"), named.get("covariate"), settings, further)

    @property
    def beside(self) -> str | None:
        """The second column, whichever there is."""
        return self.denominator or self.covariate

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the metric is read from."""
        return (self.column, *([] if self.beside is None else [self.beside]), *self.further)


def metrics_of(columns: Sequence[MetricColumn]) -> tuple[Metric, ...]:
    """The metrics of these columns.

    Raises:
        InvalidInput: Two have one name, a name or a setting is not allowed, or none can be compared.
    """
    keys = [column.key for column in columns]
    for key in keys:
        if keys.count(key) > 1:
            raise _fault(f"{key!r} is given twice; give each metric its own name.")
    if not any(column.kind in PRIMARY_KINDS for column in columns):
        raise _fault(f"No metric is one of {', '.join(PRIMARY_KINDS)}, so there is nothing to compare.")
    return tuple(_metric(column) for column in columns)


COLUMNS = ("denominator", "covariate")
"""The options that name a column."""


def _options(text: str, options: Sequence[str]) -> dict[str, str]:
    known = {*COLUMNS, *(name for names in SETTINGS.values() for name in names)}
    named: dict[str, str] = {}
    for option in options:
        name, _, value = option.partition("=")
        if name not in known or not value or name in named:
            raise _fault(
                f"{text!r}: {option!r} must be denominator=COLUMN or covariate=COLUMN, or one of "
                f"{', '.join(sorted(known - {*COLUMNS}))} with its value, each once."
            )
        named[name] = value
    return named


def _check_options(text: str, kind: str, column: str, named: dict[str, str]) -> None:
    if ("denominator" in named) != (kind == "ratio"):
        raise _fault(f"{text!r}: a ratio has a denominator=COLUMN, and nothing else has one.")
    if "covariate" in named and kind not in ADJUSTED_KINDS:
        raise _fault(f"{text!r}: a {kind} is not adjusted by a covariate; leave it out.")
    for name in named:
        if name not in (*COLUMNS, *SETTINGS.get(kind, ())):
            raise _fault(f"{text!r}: a {kind} has no {name}; leave it out.")
    if kind == "time" and "window_days" not in named:
        raise _fault(f"{text!r}: a time needs window_days=DAYS, for which everybody was watched.")
    if named.get("covariate") == column:
        raise _fault(f"{text!r}: the covariate must be a column from before the exposure, not the outcome.")


def _check_covariates(text: str, column: str, covariates: Sequence[str]) -> None:
    if len(covariates) > MOST_COVARIATES:
        raise _fault(f"{text!r}: {len(covariates)} covariates, must be at most {MOST_COVARIATES}.")
    if "" in covariates or column in covariates or len(set(covariates)) < len(covariates):
        raise _fault(f"{text!r}: each covariate=COLUMN must be another column, and not the outcome.")


def _fault(detail: str) -> InvalidInput:
    return InvalidInput.at("/metrics", detail)


def _metric(column: MetricColumn) -> Metric:
    """The metric that a definition would have; a table has one column an event, named as the metric.

    Raises:
        InvalidInput: The name or a setting is not allowed.
    """
    made: dict[str, Any] = {"key": column.key, "kind": column.kind}
    if column.kind == "ratio":
        made |= {"numerator": {"event": column.key}, "denominator": {"event": column.key}}
    else:
        made["event"] = column.key
    if column.kind == "retention":
        made |= {"from_day": 0, "to_day": 1}
    made |= {name: _whole(value) for name, value in column.settings}
    try:
        return validated(METRIC, made)
    except InvalidInput as invalid:
        fault = invalid.faults[0]
        raise _fault(f"Metric {column.key!r}, {fault.pointer.strip('/')}: {fault.detail}.") from None


def _whole(value: str) -> str | int:
    """The setting's value: a whole number where it is one, else as it is written."""
    return int(value) if value.isdecimal() and len(value) < 10 else value
