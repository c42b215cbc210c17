"""Where a split is off: the same test for every day and for every value of the declared segments.

For finding a fault that the test of all participants has shown, or a small one that it cannot show yet. It
stops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.analysis import wording
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.health.split import Split, split_of, split_p_value
from experiments.analysis.reading import Group, Ledger
from experiments.analysis.results import Json, Unavailable, plain
from experiments.analysis.thresholds import DIAGNOSIS_SRM
from experiments.stats import multiplicity

BY_DAY, BY_SEGMENT = "sample_ratio_by_day", "sample_ratio_by_segment"
NAMED = 3
"""So many are named in a sentence; all stand in the details."""


@dataclass(frozen=True, slots=True)
class PartSplit:
    """The split of one day, or of one value of a segment."""

    where: Json
    words: str
    variants: tuple[Split, ...]
    p_value: float | Unavailable
    adjusted: float | None = None

    @property
    def is_off(self) -> bool:
        """Whether it is named as off."""
        return self.adjusted is not None and self.adjusted < DIAGNOSIS_SRM

    def document(self) -> Json:
        """The part as JSON."""
        counts = {one.key: {"observed": one.observed, "expected": one.expected} for one in self.variants}
        said: Json = {**self.where, "p_value": plain(self.p_value), "p_value_adjusted": self.adjusted}
        if isinstance(self.p_value, Unavailable):
            said["unavailable"] = {"p_value": self.p_value.reason}
        return {**said, "off": self.is_off, "variants": counts}


def by_day(data: ExperimentData, ledger: Ledger) -> Check:
    """The split of every day of first exposures."""
    if not data.dated:
        return unknown(BY_DAY, "The rows have no days.")
    parts = [
        PartSplit(
            {"date": start_of(day).date().isoformat()},
            wording.date(start_of(day)),
            split_of(data, arrived),
            attempt(split_p_value, data, arrived),
        )
        for day, arrived in ledger.daily()
    ]
    return _check(BY_DAY, parts, families=_families(data), unit="day", none="No participant has come yet.")


def by_segment(data: ExperimentData, ledger: Ledger) -> Check:
    """The split of every value that a declared segment had."""
    declared = data.definition.plan.segments
    if not declared:
        return unknown(BY_SEGMENT, "The plan declares no segments.")
    if not data.by_segment:
        return unknown(BY_SEGMENT, "Segments are looked at by the health call and in reports only.")
    parts = [
        PartSplit(
            {"segment": name, "value": value},
            f"{name} = {value}",
            split_of(data, counts),
            attempt(split_p_value, data, counts),
        )
        for name in declared
        for value in ledger.values(name)
        for counts in [ledger.participants(group=Group(name, value))]
    ]
    none = "No participant had a value of a declared segment."
    return _check(BY_SEGMENT, parts, families=_families(data), unit="segment value", none=none)


def _families(data: ExperimentData) -> int:
    """Days are one family of tests, segments another: each gets its part of the error."""
    return 2 if data.definition.plan.segments else 1


def _check(name: str, parts: Sequence[PartSplit], *, families: int, unit: str, none: str) -> Check:
    parts = _adjusted(parts, families)
    tested = [one for one in parts if one.adjusted is not None]
    details = {
        "adjustment": "holm",
        "families": families,
        "threshold": DIAGNOSIS_SRM,
        "parts": [one.document() for one in parts],
    }
    if not tested:
        return unknown(name, f"No {unit} has enough participants to test its split." if parts else none)
    smallest = min(one.adjusted for one in tested if one.adjusted is not None)
    off = sorted((one for one in parts if one.is_off), key=lambda one: one.adjusted or 0.0)
    if not off:
        says = (
            f"No {unit} stands out: {wording.plural(len(tested), unit)} tested, adjusted for looking at all."
        )
        return Check(name, "ok", says, smallest, details)
    named = wording.listed([_named(one) for one in off[:NAMED]])
    more = f" and {wording.plural(len(off) - NAMED, 'more ' + unit)}" if len(off) > NAMED else ""
    says = f"The split is off in {named}{more}: look at what was special there."
    return Check(name, "warning", says, smallest, details)


def _adjusted(parts: Sequence[PartSplit], families: int) -> list[PartSplit]:
    """Holm over all parts that can be tested, and Bonferroni over the families."""
    known = [one.p_value for one in parts if not isinstance(one.p_value, Unavailable)]
    adjusted = iter(multiplicity.holm(known))
    return [
        one
        if isinstance(one.p_value, Unavailable)
        else PartSplit(one.where, one.words, one.variants, one.p_value, min(1.0, families * next(adjusted)))
        for one in parts
    ]


def _named(part: PartSplit) -> str:
    counts = " against ".join(wording.count(one.observed) for one in part.variants)
    return f"{part.words} ({counts}, {wording.with_p(part.adjusted or 0.0)})"
