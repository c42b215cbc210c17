"""Whether the variants were alike before anybody saw one: what was measured before the first exposure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.analysis import wording
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.pairs import pair_of
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Json, Unavailable
from experiments.analysis.samples import Paired, Sample, Strata
from experiments.analysis.strata import combine
from experiments.analysis.thresholds import BALANCE_WARNING
from experiments.model.events import MICRO
from experiments.stats import multiplicity
from experiments.stats.estimate import Counts, Sums
from experiments.stats.pair_sums import PairSums

NAME = "pre_exposure_balance"


@dataclass(frozen=True, slots=True)
class Before:
    """One metric of one treatment before the first exposure, against the control."""

    metric: str
    variant: str
    control_mean: float
    mean: float
    p_value: float
    adjusted: float = 1.0

    @property
    def is_off(self) -> bool:
        """Whether chance is no good explanation."""
        return self.adjusted < BALANCE_WARNING

    def document(self) -> Json:
        """The comparison as JSON."""
        return {
            "metric": self.metric,
            "variant": self.variant,
            "control_mean": self.control_mean,
            "mean": self.mean,
            "p_value": self.p_value,
            "p_value_adjusted": self.adjusted,
            "off": self.is_off,
        }


def pre_exposure_balance(data: ExperimentData, ledger: Ledger) -> Check:
    """The metrics' own measures from before the exposure, each treatment against the control.

    Everybody counts, also those whose window is open: what came before is known at the first exposure.
    """
    strata = _measured_before(data, ledger)
    if not strata:
        return unknown(NAME, "Nothing was measured before the first exposures.")
    found = [
        attempt(_before, key, earlier, data.definition.control.key, treatment)
        for key, earlier in strata.items()
        for treatment in data.treatments
    ]
    known = _adjusted([one for one in found if not isinstance(one, Unavailable)])
    if not known:
        return unknown(NAME, next(one for one in found if isinstance(one, Unavailable)))
    details = {
        "adjustment": "holm",
        "threshold": BALANCE_WARNING,
        "comparisons": [one.document() for one in known],
    }
    worst = min(known, key=lambda one: one.adjusted)
    if not worst.is_off:
        says = "Before the first exposure the variants did not differ by more than chance."
        return Check(NAME, "ok", says, worst.adjusted, details)
    says = (
        f"{worst.variant} and the control differed on {worst.metric} before anybody saw a message "
        f"({_words(worst)}, {wording.with_p(worst.adjusted)}): the assignment may be at fault; read the "
        "adjusted lift beside the plain one."
    )
    return Check(NAME, "warning", says, worst.adjusted, details)


def _measured_before(data: ExperimentData, ledger: Ledger) -> dict[str, Strata]:
    found: dict[str, Strata] = {}
    for key in data.definition.plan.metric_keys:
        metric = data.metric(key)
        if metric is None:
            continue
        if paired := ledger.paired(metric):
            found[key] = _earlier(paired)
    return found


def _earlier(paired: Paired) -> Strata:
    """The covariates as if they were the outcome; a rate where all of them are 1 or 0."""
    every = [sums for found in paired.values() for sums in found.values()]
    yes_or_no = all(sums.scale == 1 and sums.covariate == sums.covariate_squares for sums in every)
    return {
        phase: {key: _sample(sums, yes_or_no=yes_or_no) for key, sums in found.items()}
        for phase, found in paired.items()
    }


def _sample(sums: PairSums, *, yes_or_no: bool) -> Sample:
    """Counts of a rate; else sums in millionths, as a table has the covariate of a rate too."""
    if yes_or_no:
        return Counts(sums.participants, sums.covariate)
    return Sums(sums.participants, sums.covariate, sums.covariate_squares, MICRO)


def _before(key: str, strata: Strata, control: str, treatment: str) -> Before:
    test = pair_of(strata, control, treatment).test()
    both = combine(strata, control, treatment)
    return Before(key, treatment, both.control, both.treatment, test.p_value)


def _adjusted(found: list[Before]) -> list[Before]:
    p_values = multiplicity.holm([one.p_value for one in found])
    return [replace(one, adjusted=p_value) for one, p_value in zip(found, p_values, strict=True)]


def _words(one: Before) -> str:
    return f"{wording.number(one.mean)} against {wording.number(one.control_mean)}"
