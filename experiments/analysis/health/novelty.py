"""Whether the lift lasts: that of early participants against that of late ones.

A new wording may work because it is new, or only once people have learnt it. Participants are told apart by
the day of their first exposure; all of them have had their whole window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from scipy import special

from experiments.analysis import wording
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.pairs import pooled
from experiments.analysis.reading import Ledger, allocation_of, is_rate, matured_through
from experiments.analysis.results import Json, Unavailable
from experiments.analysis.samples import Sample
from experiments.analysis.strata import combine
from experiments.analysis.thresholds import NOVELTY_WARNING
from experiments.errors import NotEnoughData
from experiments.model.metric import Metric
from experiments.stats import multiplicity
from experiments.stats.estimate import Counts

NAME = "novelty"
FEWEST_DAYS = 4
WEEK = 7
LEAST_OF_RATE = 10
"""Conversions, and participants without one, of each variant in each part: then a lift is about normal."""
LEAST_OF_MEAN = 100
"""Participants of each variant in each part, for the same."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days of first exposure, from one through another, with the lift of those who came then."""

    first: int
    last: int
    lift: float | Unavailable
    error: float = 0.0

    def document(self) -> Json:
        """The span as JSON."""
        days = {
            "from": start_of(self.first).date().isoformat(),
            "through": start_of(self.last).date().isoformat(),
        }
        if isinstance(self.lift, Unavailable):
            return {**days, "lift": None, "unavailable": {"lift": self.lift.reason}}
        return {**days, "lift": self.lift, "standard_error": self.error}


@dataclass(frozen=True, slots=True)
class Course:
    """How one treatment's lift went, and whether its changes are beyond chance.

    Attributes:
        halves_p_value: That the first half of the days has the lift of the second.
        weeks_p_value: That all weeks have one lift; None where there is one week only.
        adjusted: The smaller of both, adjusted over both and all treatments.
    """

    variant: str
    halves: tuple[Span, Span]
    weeks: tuple[Span, ...]
    days: tuple[Span, ...]
    halves_p_value: float
    weeks_p_value: float | None
    adjusted: float = 1.0

    def document(self) -> Json:
        """The course as JSON."""
        return {
            "variant": self.variant,
            "halves": [one.document() for one in self.halves],
            "weeks": [one.document() for one in self.weeks],
            "days": [one.document() for one in self.days],
            "halves_p_value": self.halves_p_value,
            "weeks_p_value": self.weeks_p_value,
            "p_value_adjusted": self.adjusted,
        }


def novelty(data: ExperimentData, ledger: Ledger) -> Check:
    """The primary metric's lift by day of first exposure, tested between halves and over weeks.

    z of the halves is the difference of their lifts over its standard error (the interaction of treatment and
    time); over weeks Cochran's Q. All p-values are adjusted together (Holm).

    References:
        Kohavi, R., Tang, D., Xu, Y. (2020). Trustworthy Online Controlled Experiments, ch. 3 and 23. Cochran,
        W. G. (1954). The combination of estimates from different experiments. Biometrics 10, 101-129.
    """
    metric = data.metric(data.definition.plan.primary)
    if metric is None:
        return unknown(NAME, "The primary metric is not defined.")
    if not data.dated:
        return unknown(NAME, "The rows have no days.")
    if allocation_of(data) is not None:
        return unknown(NAME, "The traffic follows the results, so its days are not alike.")
    days, through = ledger.exposure_days(), matured_through(data, metric)
    matured = [day for day in days if through is None or day <= through]
    if not matured or matured[-1] - matured[0] + 1 < FEWEST_DAYS:
        return unknown(NAME, f"It takes {FEWEST_DAYS} days of participants whose window has ended.")
    found = [attempt(_course, data, ledger, metric, treatment, matured) for treatment in data.treatments]
    known = _adjusted([one for one in found if not isinstance(one, Unavailable)])
    if not known:
        return unknown(NAME, next(one for one in found if isinstance(one, Unavailable)))
    details = {
        "adjustment": "holm",
        "threshold": NOVELTY_WARNING,
        "treatments": [one.document() for one in known],
    }
    worst = min(known, key=lambda one: one.adjusted)
    if worst.adjusted >= NOVELTY_WARNING:
        says = "Early and late participants show the same lift, as far as the data can tell."
        return Check(NAME, "ok", says, worst.adjusted, details)
    return Check(NAME, "warning", _words(worst, metric), worst.adjusted, details)


def _course(data: ExperimentData, ledger: Ledger, metric: Metric, treatment: str, days: list[int]) -> Course:
    """How the lift of one treatment went.

    Raises:
        NotEnoughData: One of the halves cannot carry a lift.
    """
    first, last = days[0], days[-1]

    def span(begin: int, end: int) -> Span:
        strata = ledger.strata(metric, after=begin - 1, through=end)
        keys = data.definition.control.key, treatment
        if not all(any(key in found for found in strata.values()) for key in keys):
            raise NotEnoughData("One of the two has no participant here.")
        _check_size([pooled(strata, key) for key in keys])
        both = combine(strata, *keys)
        if both.standard_error == 0:
            raise NotEnoughData("All values are the same within each variant.")
        return Span(begin, end, both.difference, both.standard_error)

    def shown(begin: int, end: int) -> Span:
        found = attempt(span, begin, end)
        return Span(begin, end, found) if isinstance(found, Unavailable) else found

    middle = first + (last - first + 1) // 2 - 1
    halves = span(first, middle), span(middle + 1, last)
    weeks = tuple(shown(*edges) for edges in _weeks(first, last))
    every = tuple(shown(day, day) for day in days)
    return Course(treatment, halves, weeks, every, _interaction(halves) or 1.0, _interaction(weeks))


def _weeks(first: int, last: int) -> Iterable[tuple[int, int]]:
    """Whole weeks from the first day; days that are left over belong to the last of them."""
    whole = max(1, (last - first + 1) // WEEK)
    for number in range(whole):
        begin = first + number * WEEK
        yield begin, last if number == whole - 1 else begin + WEEK - 1


def _interaction(spans: Iterable[Span]) -> float | None:
    """Cochran's Q of the spans' lifts, that all are one; None where fewer than two are known."""
    known = [(one.lift, one.error) for one in spans if not isinstance(one.lift, Unavailable)]
    if len(known) < 2:
        return None
    weights = [error**-2 for _, error in known]
    centre = sum(w * lift for w, (lift, _) in zip(weights, known, strict=True)) / sum(weights)
    q = sum(w * (lift - centre) ** 2 for w, (lift, _) in zip(weights, known, strict=True))
    return float(special.chdtrc(len(known) - 1, q))


def _check_size(samples: Iterable[Sample]) -> None:
    for sample in samples:
        if isinstance(sample, Counts):
            least = min(sample.conversions, sample.participants - sample.conversions)
            if least < LEAST_OF_RATE:
                raise NotEnoughData(
                    f"A part takes {LEAST_OF_RATE} conversions of each variant; there are {least}."
                )
        elif sample.participants < LEAST_OF_MEAN:
            raise NotEnoughData(f"A part takes {LEAST_OF_MEAN} participants of each variant.")


def _adjusted(found: list[Course]) -> list[Course]:
    tests = [
        (place, p_value)
        for place, one in enumerate(found)
        for p_value in (one.halves_p_value, one.weeks_p_value)
        if p_value is not None
    ]
    smallest: dict[int, float] = {}
    adjusted = multiplicity.holm([p_value for _, p_value in tests])
    for (place, _), p_value in zip(tests, adjusted, strict=True):
        smallest[place] = min(p_value, smallest.get(place, 1.0))
    return [replace(one, adjusted=smallest[place]) for place, one in enumerate(found)]


def _words(course: Course, metric: Metric) -> str:
    early, late = (one.lift for one in course.halves)
    assert not isinstance(early, Unavailable) and not isinstance(late, Unavailable)  # noqa: S101, PT018
    good = 1 if metric.direction == "increase" else -1
    sizes = [wording.difference(one, is_rate=is_rate(metric)) for one in (early, late)]
    what = "fades" if good * late < good * early else "grows"
    return (
        f"The lift of {course.variant} {what}: {sizes[0]} among those first exposed in the first half of the "
        f"days, {sizes[1]} in the second ({wording.with_p(course.adjusted)}). Run on until it is steady."
    )
