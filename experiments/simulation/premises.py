"""From what somebody assumes (rates, means, guardrails) to the truth of a scenario, checked with places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from experiments.errors import InvalidInput
from experiments.model.experiment import Experiment, Guardrail
from experiments.model.metric import ConversionMetric, MeanMetric, Metric, RetentionMetric
from experiments.simulation.truth import Judged, MetricTruth, Rates, Shape, Truth, Values

ASSUMED_RATE = 0.10
ASSUMED_GUARDRAIL_RATE = 0.05
LARGEST_MEAN = 1e9

Origin = Literal["given", "plan", "assumed"]


@dataclass(frozen=True, slots=True)
class Premises:
    """What is assumed of an experiment; whatever is left out is as the control's.

    Attributes:
        rates: Of the primary metric by variant; the control may be called `control` whatever its key is.
        means: The same where the primary metric is a mean.
        deviation: Standard deviation of a participant's value; None takes the control's mean.
        shape: How values are spread.
        valued: The share of participants who have a value at all.
        guardrails: By metric, the rate (or mean) of all variants.
        harmed: By metric and variant, the rate (or mean) where it is another one.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    means: Mapping[str, float] = field(default_factory=dict)
    deviation: float | None = None
    shape: Shape = "normal"
    valued: float = 1.0
    guardrails: Mapping[str, float] = field(default_factory=dict)
    harmed: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Premised:
    """A truth, the metrics it is of, and where the number of each came from."""

    truth: Truth
    metrics: tuple[Metric, ...]
    origins: Mapping[str, Origin]


def premised(definition: Experiment, metrics: Mapping[str, Metric], premises: Premises) -> Premised:
    """The truth that premises give an experiment.

    Args:
        metrics: By key, at least those that the plan's verdict asks for.

    Raises:
        InvalidInput: A variant or metric is unknown, a number is out of range, or the kind is not simulated.
    """
    plan = definition.plan
    guards = {one.metric: one for one in plan.guardrails}
    _check_names(premises, guards)
    used = tuple(_known(metrics, key) for key in (plan.primary, *guards))
    primary, origin = _primary(definition, used[0], premises)
    origins: dict[str, Origin] = {plan.primary: origin}
    judged = []
    for metric in used[1:]:
        truth, origins[metric.key] = _guardrail(definition, metric, premises)
        judged.append(Judged(metric.key, truth, _good(metric), float(guards[metric.key].margin)))
    control = definition.control.key
    relative = plan.mde_relative if plan.margin is None else plan.margin
    margin = abs(primary.means[control]) * relative
    return Premised(
        Truth(
            control,
            _treatments(definition),
            Judged(plan.primary, primary, _good(used[0]), margin),
            (*judged,),
        ),
        used,
        origins,
    )


def _treatments(definition: Experiment) -> tuple[str, ...]:
    shares = definition.shares
    found = tuple(one.key for one in definition.variants if not one.control and shares[one.key] > 0)
    if not found or shares[definition.control.key] == 0:
        raise InvalidInput.at(
            "/variants", "the control and at least one treatment must have a weight above 0"
        )
    return found


def _check_names(premises: Premises, guards: Mapping[str, Guardrail]) -> None:
    for key in (*premises.guardrails, *(metric for metric, _ in premises.harmed)):
        if key not in guards:
            known = ", ".join(guards) or "none"
            raise InvalidInput.at(
                f"/guardrails/{key}", f"{key!r} is no guardrail of the plan; it has: {known}"
            )


def _known(metrics: Mapping[str, Metric], key: str) -> Metric:
    metric = metrics.get(key)
    if metric is None:
        raise InvalidInput.at("/metrics", f"the definitions have no metric {key!r}, which the plan asks for")
    if not isinstance(metric, ConversionMetric | RetentionMetric | MeanMetric):
        raise InvalidInput.at(
            "/metrics", f"{key!r} is of the kind {metric.kind}; simulated are conversion, retention and mean"
        )
    return metric


def _primary(definition: Experiment, metric: Metric, premises: Premises) -> tuple[MetricTruth, Origin]:
    if isinstance(metric, MeanMetric):
        return _primary_values(definition, metric, premises)
    if premises.means:
        raise InvalidInput.at("/means", f"the primary metric {metric.key!r} is a rate; give rates, not means")
    given = dict(_by_key(definition, premises.rates, "rates"))
    control = definition.control.key
    origin: Origin = "given" if control in given else "assumed"
    base = given.get(control, ASSUMED_RATE)
    if control not in given and definition.plan.baseline is not None:
        base, origin = definition.plan.baseline, "plan"
    means = {one.key: given.get(one.key, base) for one in definition.variants}
    return Rates(_checked_rates(means, "rates")), origin


def _primary_values(
    definition: Experiment, metric: MeanMetric, premises: Premises
) -> tuple[MetricTruth, Origin]:
    if premises.rates:
        raise InvalidInput.at("/rates", f"the primary metric {metric.key!r} is a mean; give means, not rates")
    given = dict(_by_key(definition, premises.means, "means"))
    control, plan = definition.control.key, definition.plan
    base = given.get(control, plan.baseline)
    if base is None:
        raise InvalidInput.at("/means", f"give the mean of {control!r}: neither you nor the plan say it")
    means = {one.key: given.get(one.key, base) for one in definition.variants}
    deviation = abs(base) if premises.deviation is None else premises.deviation
    truth = Values(means, deviation, premises.shape, premises.valued)
    return _checked_values(truth, "means"), "given" if control in given else "plan"


def _guardrail(definition: Experiment, metric: Metric, premises: Premises) -> tuple[MetricTruth, Origin]:
    place = f"guardrails/{metric.key}"
    harmed = {variant: value for (key, variant), value in premises.harmed.items() if key == metric.key}
    given = dict(_by_key(definition, harmed, place))
    is_mean = isinstance(metric, MeanMetric)
    base = premises.guardrails.get(metric.key, None if is_mean else ASSUMED_GUARDRAIL_RATE)
    if base is None:
        raise InvalidInput.at(f"/{place}", f"give the mean of the guardrail {metric.key!r}; it is not a rate")
    origin: Origin = "given" if metric.key in premises.guardrails else "assumed"
    means = {one.key: given.get(one.key, base) for one in definition.variants}
    if is_mean:
        return _checked_values(Values(means, abs(base)), place), origin
    return Rates(_checked_rates(means, place)), origin


def _by_key(definition: Experiment, given: Mapping[str, float], place: str) -> Iterator[tuple[str, float]]:
    keys = [one.key for one in definition.variants]
    for name, number in given.items():
        if name in keys:
            yield name, number
        elif name.lower() == "control":
            yield definition.control.key, number
        else:
            known = ", ".join(keys)
            raise InvalidInput.at(f"/{place}/{name}", f"no variant is called {name!r}, use one of {known}")


def _checked_rates(means: Mapping[str, float], place: str) -> Mapping[str, float]:
    for key, rate in means.items():
        if not 0 < rate < 1:
            raise InvalidInput.at(f"/{place}/{key}", f"the rate of {key!r} == {rate:g}, must be > 0 and < 1")
    return means


def _checked_values(truth: Values, place: str) -> Values:
    if not 0 < truth.deviation <= LARGEST_MEAN:
        raise InvalidInput.at(
            "/deviation", f"the deviation == {truth.deviation:g}, must be > 0 and <= {LARGEST_MEAN:g}"
        )
    if not 0 < truth.valued <= 1:
        raise InvalidInput.at("/valued", f"valued == {truth.valued:g}, must be > 0 and <= 1")
    for key, mean in truth.means.items():
        _check_mean(truth, key, mean, place)
    return truth


def _check_mean(truth: Values, key: str, mean: float, place: str) -> None:
    where = f"/{place}/{key}"
    if not abs(mean) <= LARGEST_MEAN:
        raise InvalidInput.at(where, f"the mean of {key!r} == {mean:g}, must be at most {LARGEST_MEAN:g}")
    if truth.shape == "lognormal" and mean <= 0:
        raise InvalidInput.at(where, f"the mean of {key!r} == {mean:g}, must be > 0 for a lognormal shape")
    try:
        truth.among_valued(key)
    except ValueError:
        least = abs(mean) * (1 / truth.valued - 1) ** 0.5
        raise InvalidInput.at(
            "/deviation",
            f"the deviation == {truth.deviation:g}, must be >= {least:g}: so much do values spread already "
            f"when only a share of {truth.valued:g} has one and the mean of all is {mean:g}",
        ) from None


def _good(metric: Metric) -> int:
    return 1 if metric.direction == "increase" else -1
