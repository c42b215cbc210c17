"""From an experiment's data to the evidence for its verdict: the matured reading, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scipy import special

from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, day_of, start_of
from experiments.analysis.evidence import (
    Compared,
    Evidence,
    Exposure,
    Gathered,
    GuardrailCheck,
    HarmCheck,
    Looks,
    Rules,
    SampleRatio,
)
from experiments.analysis.guardrail_looks import GuardrailLook, guardrail_look
from experiments.analysis.health.exposure import exposed
from experiments.analysis.health.split import shares_of, split_health
from experiments.analysis.looks import Schedule, looks_of
from experiments.analysis.pairs import Pair, pair_of, pooled
from experiments.analysis.reading import Ledger, is_rate, matured_through
from experiments.analysis.results import Unavailable
from experiments.analysis.samples import Strata
from experiments.analysis.scope import planned_of_two
from experiments.analysis.significance import crossings
from experiments.analysis.strata import mean
from experiments.analysis.thresholds import EVENTS_FOR_MEANS, HARM_ALPHA, OVER
from experiments.model.experiment import Plan
from experiments.model.metric import Metric, window
from experiments.stats import group_sequential
from experiments.stats.estimate import Estimate, Test
from experiments.stats.sequential import Side

NOT_DEFINED = "it is not defined."


@dataclass(frozen=True, slots=True)
class _Work:
    """What every part of the evidence is made from.

    Attributes:
        deciding: The primary metric among the participants that decide.
    """

    data: ExperimentData
    ledger: Ledger
    schedule: Schedule
    metric: Metric
    deciding: Strata

    @property
    def plan(self) -> Plan:
        return self.data.definition.plan

    @property
    def control(self) -> str:
        return self.data.definition.control.key

    @property
    def good(self) -> int:
        return _sign(self.metric)

    @property
    def planned(self) -> int:
        return planned_of_two(self.schedule.planned)


def gather(data: ExperimentData, ledger: Ledger, schedule: Schedule) -> Evidence:
    """The evidence of an experiment at the moment of its data."""
    metric = data.metric(data.definition.plan.primary)
    if metric is None:
        return _head(data, ledger, good=1, is_rate=True, not_evaluated=NOT_DEFINED)
    work = _Work(
        data, ledger, schedule, metric, ledger.strata(metric, through=_through(data, metric, schedule))
    )
    evidence = replace(
        _head(data, ledger, good=work.good, is_rate=is_rate(metric)),
        gathered=_gathered(work),
        harm=tuple(_harm(work)),
        compared=tuple(_compared(work, key) for key in _weighted_treatments(data)),
        guardrails=tuple(_guardrails(work)),
        control_mean=_control_mean(work),
        ended=schedule.final,
    )
    evidence = replace(evidence, looks=_with_power(work, looks_of(data, schedule), evidence.compared))
    return replace(evidence, losses=_losses(work, crossings(evidence).better))


_NO_CONTROL = Unavailable("The control has no participant whose window has ended.")


def _head(
    data: ExperimentData, ledger: Ledger, *, good: int, is_rate: bool, not_evaluated: str | None = None
) -> Evidence:
    seen, split = exposed(data, ledger), split_health(data, ledger)
    return Evidence(
        status=str(data.status),
        as_of=data.as_of,
        control=data.definition.control.key,
        primary=data.definition.plan.primary,
        good=good,
        is_rate=is_rate,
        rules=_rules(data, is_rate=is_rate),
        exposure=Exposure(seen.units, seen.crossed, seen.empty),
        sample_ratio=SampleRatio(split.chi_square_p_value, split.sequential_p_value),
        gathered=Gathered(None, None, {}, {}, counts_together=not is_rate),
        harm=(),
        looks=Unavailable("The primary metric is not defined."),
        compared=(),
        guardrails=(),
        losses={},
        control_mean=_NO_CONTROL,
        not_evaluated=not_evaluated,
        alarm=data.alarm,
        clearances=data.clearances,
    )


def _rules(data: ExperimentData, *, is_rate: bool) -> Rules:
    plan = data.definition.plan
    return Rules(
        mode=plan.mode,
        level=plan.level,
        min_days=plan.min_days,
        max_days=plan.max_days,
        min_participants=plan.min_participants,
        min_conversions=plan.min_conversions * (1 if is_rate else EVENTS_FOR_MEANS),
        mde_relative=plan.mde_relative,
        margin_relative=plan.mde_relative if plan.margin is None else plan.margin,
    )


def _through(data: ExperimentData, metric: Metric, schedule: Schedule) -> int | None:
    """The last day of first exposure that decides: that of the last look when the plan has ended with it."""
    if not data.dated:
        return None
    if data.definition.plan.mode == "planned" and schedule.final is not None and schedule.through is not None:
        return schedule.through
    return matured_through(data, metric)


def _weighted_treatments(data: ExperimentData) -> list[str]:
    """The treatments that had a share in any phase."""
    numbers = [phase.number for phase in data.phases] or [1]
    return [key for key in data.treatments if any(shares_of(data, number).get(key) for number in numbers)]


def _control_mean(work: _Work) -> float | Unavailable:
    if not any(work.control in found for found in work.deciding.values()):
        return _NO_CONTROL
    return attempt(mean, pooled(work.deciding, work.control))


def _gathered(work: _Work) -> Gathered:
    data, days = work.data, work.ledger.exposure_days()
    through = matured_through(data, work.metric)
    participants = work.ledger.participants(through=through)
    converted = work.ledger.converted(work.metric, through=through)
    keys = [work.control, *_weighted_treatments(data)]
    until = None
    if through is not None and days and days[-1] > through:
        until = start_of(days[-1] + window(work.metric)[1] + 1)
    return Gathered(
        days=_days_run(data, days),
        expected_days_at=start_of(days[0] + work.plan.min_days) if days and data.status not in OVER else None,
        participants=_by_variant(participants, keys),
        conversions=_by_variant(converted, keys),
        counts_together=not is_rate(work.metric),
        cohort_days=max(0, through - days[0] + 1) if through is not None and days else None,
        open_windows_until=until,
    )


def _days_run(data: ExperimentData, days: list[int]) -> int | None:
    """Full days from the first exposure to now; of a stopped experiment, to its last exposure."""
    if not data.dated:
        return None
    if not days:
        return 0
    today = day_of(data.as_of)
    end = min(today, days[-1] + 1) if data.status in OVER else today
    return max(0, end - days[0])


def _by_variant(counts: Mapping[tuple[int, str], int], keys: list[str]) -> dict[str, int]:
    return {key: sum(count for (_, variant), count in counts.items() if variant == key) for key in keys}


def _compared(work: _Work, treatment: str) -> Compared:
    pair = attempt(pair_of, work.deciding, work.control, treatment)
    if isinstance(pair, Unavailable):
        return Compared(treatment, pair, pair, pair, pair)
    level = work.plan.level
    lift = attempt(pair.absolute, level)
    both_sides = attempt(pair.absolute, max(0.01, 2 * level - 1))
    test = attempt(pair.test)
    return Compared(
        variant=treatment,
        lift=lift,
        equivalence=both_sides if isinstance(both_sides, Unavailable) else both_sides.interval,
        z=_score(test, lift, work.good),
        sequential_p_value=attempt(lambda: pair.sequence(level, work.planned).p_value),
    )


def _score(test: Test | Unavailable, lift: Estimate | Unavailable, good: int) -> float | Unavailable:
    """The z that has the test's p-value, above 0 where the treatment is better."""
    if isinstance(test, Unavailable):
        return test
    if isinstance(lift, Unavailable):
        return lift
    size = -float(special.ndtri(test.p_value / 2)) if test.p_value > 0 else abs(test.statistic or _CERTAIN)
    return good * math.copysign(size, lift.estimate)


_CERTAIN = 37.0  # the z of the smallest p-value that a float can hold


def _harm(work: _Work) -> Iterable[HarmCheck]:
    """Every treatment on the primary metric and on every guardrail, over all whose windows have ended."""
    strata = work.ledger.strata(work.metric, through=matured_through(work.data, work.metric))
    margin = _primary_margin(work, strata)
    for treatment in _weighted_treatments(work.data):
        at_best: float | Unavailable = Unavailable("The control's primary metric is not known yet.")
        if margin is not None:
            at_best = _at_best(work, strata, work.metric, treatment)
        yield HarmCheck(treatment, work.metric.key, is_rate(work.metric), margin or 0.0, at_best)
        for key, guardrail_margin in _margins(work.plan):
            yield _guardrail_harm(work, treatment, key, guardrail_margin)


def _primary_margin(work: _Work, strata: Strata) -> float | None:
    relative = work.plan.mde_relative if work.plan.margin is None else work.plan.margin
    if not any(work.control in found for found in strata.values()):
        return None
    control = attempt(mean, pooled(strata, work.control))
    return None if isinstance(control, Unavailable) else abs(control) * relative


def _guardrail_harm(work: _Work, treatment: str, key: str, margin: float) -> HarmCheck:
    metric = work.data.metric(key)
    if metric is None:
        return HarmCheck(treatment, key, True, margin, Unavailable(NOT_DEFINED))
    strata = work.ledger.strata(metric, through=matured_through(work.data, metric))
    at_best = _at_best(work, strata, metric, treatment)
    return HarmCheck(treatment, key, is_rate(metric), margin, at_best)


def _at_best(work: _Work, strata: Strata, metric: Metric, treatment: str) -> float | Unavailable:
    side: Side = "upper" if metric.direction == "increase" else "lower"

    def bound() -> float:
        pair = pair_of(strata, work.control, treatment)
        return _sign(metric) * pair.sequence_bound(side, alpha=HARM_ALPHA, planned=work.planned)

    return attempt(bound)


def _guardrails(work: _Work) -> Iterable[GuardrailCheck]:
    looks = {key: _guardrail_look(work, key) for key, _ in _margins(work.plan)}
    for treatment in _weighted_treatments(work.data):
        for key, margin in _margins(work.plan):
            metric = work.data.metric(key)
            if metric is None:
                yield GuardrailCheck(treatment, key, True, margin, Unavailable(NOT_DEFINED))
                continue
            worst = _worst(work, metric, treatment, looks[key])
            yield GuardrailCheck(treatment, key, is_rate(metric), margin, worst)


def _guardrail_look(work: _Work, key: str) -> GuardrailLook | Unavailable:
    """The look at a guardrail that decides: one of the plan's, or in mode `open` any."""
    metric = work.data.metric(key)
    if metric is None:
        return Unavailable(NOT_DEFINED)
    if work.plan.mode == "open":
        return GuardrailLook(matured_through(work.data, metric), 1 - work.plan.level)
    return guardrail_look(work.data, work.ledger, work.schedule, metric)


def _worst(
    work: _Work, metric: Metric, treatment: str, look: GuardrailLook | Unavailable
) -> float | Unavailable:
    """The least lift in the good direction: at the planned look where looks are planned, else at any time."""
    if isinstance(look, Unavailable):
        return look
    strata = work.ledger.strata(metric, through=look.through)

    def bound() -> float:
        pair = pair_of(strata, work.control, treatment)
        if work.plan.mode == "planned":
            return _sign(metric) * pair.worst(metric.direction, look.alpha)
        side: Side = "lower" if metric.direction == "increase" else "upper"
        return _sign(metric) * pair.sequence_bound(side, alpha=look.alpha, planned=work.planned)

    return attempt(bound)


def _margins(plan: Plan) -> list[tuple[str, float]]:
    return [(guardrail.metric, float(guardrail.margin)) for guardrail in plan.guardrails]


def _losses(work: _Work, better: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """What shipping one of several better treatments costs on average where another is better still."""
    losses: dict[str, dict[str, float]] = {}
    for shipped in better if len(better) > 1 else ():
        found = {other: attempt(_loss, work, shipped, other) for other in better if other != shipped}
        losses[shipped] = {key: loss for key, loss in found.items() if not isinstance(loss, Unavailable)}
    return losses


def _loss(work: _Work, shipped: str, other: str) -> float:
    pair: Pair = pair_of(work.deciding, other, shipped)
    return pair.bayesian(work.plan.level, work.metric.direction).expected_loss


def _with_power(
    work: _Work, looks: Looks | Unavailable, compared: tuple[Compared, ...]
) -> Looks | Unavailable:
    """The looks with the chance of each treatment to win yet, if the plan's smallest effect is real."""
    if isinstance(looks, Unavailable) or looks.final is not None or not 0 < looks.fraction < 1:
        return looks
    alpha = (1 - work.plan.level) / len(compared)
    drift = float(special.ndtri(work.plan.power) - special.ndtri(alpha / 2))
    fractions = (*work.schedule.fractions, 1.0)
    bound = group_sequential.boundaries(fractions, alpha, work.plan.spending)[-1]
    chances = {
        one.variant: group_sequential.conditional_power(one.z, looks.fraction, final_bound=bound, drift=drift)
        for one in compared
        if not isinstance(one.z, Unavailable)
    }
    return replace(looks, conditional_power=chances)


def _sign(metric: Metric) -> int:
    return 1 if metric.direction == "increase" else -1
