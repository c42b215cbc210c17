"""The types of the results document: what an analysis answers, and how it is written as JSON.

A number that cannot be had is None with its reason under `unavailable`; no number stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from experiments.stats.estimate import Interval

if TYPE_CHECKING:  # that module makes its answers with the types of this one
    from experiments.analysis.times import Waiting

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """In place of a number that cannot be had: why not, for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absolute:
    """Treatment minus control with the fixed-horizon interval and unadjusted p-value.

    Attributes:
        adjustment: How `p_value_adjusted` was made: holm or benjamini_hochberg.
        interval_adjusted: The interval that holds together with those of the other comparisons, at
            `level_adjusted`; None where the comparison is not among those selected.
        at_level: The interval at another level; for the adjustment, and never written.
    """

    estimate: float
    interval: Interval
    level: float
    method: str
    p_value: float | Unavailable
    test: str | None
    p_value_adjusted: float | None = None
    adjustment: str | None = None
    interval_adjusted: Interval | None = None
    level_adjusted: float | None = None
    at_level: Callable[[float], Interval] | None = field(
        default=None, repr=False, compare=False, metadata={"written": False}
    )


@dataclass(frozen=True, slots=True)
class Relative:
    """Treatment over control, minus 1. It never decides."""

    estimate: float
    interval: Interval
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Sequential:
    """The absolute lift's interval and p-value that stay valid however often they are looked at."""

    interval: Interval
    p_value: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The absolute lift adjusted by a covariate from before the exposure: it stands beside and never decides.

    Attributes:
        variance_saved: Share of the lift's variance that the adjustment took off; about 0 where the covariate
            explains nothing.
        helps: Whether that is enough to speak of.
    """

    estimate: float
    interval: Interval
    level: float
    method: str
    p_value: float | Unavailable
    variance_saved: float
    helps: bool
    sequential: Sequential | Unavailable


@dataclass(frozen=True, slots=True)
class PriorBelief:
    """What was believed of a relative lift before the start."""

    mean: float
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Expected:
    """The relative lift to expect after shipping: what the data say, weighed with what was known before."""

    estimate: float
    interval: Interval
    level: float
    method: str
    prior: PriorBelief


@dataclass(frozen=True, slots=True)
class Bayesian:
    """The posterior answers: for reading, never for stopping.

    Attributes:
        chance_of_no_difference: That the relative lift is within ± `margin`, by the data alone.
        expected: None where the plan's prior is flat.
    """

    chance_to_beat_control: float
    chance_to_be_best: float | Unavailable
    expected_loss: float
    interval: Interval
    level: float
    method: str
    margin: float
    chance_of_no_difference: float | Unavailable
    expected: Expected | Unavailable | None


@dataclass(frozen=True, slots=True)
class BestChance:
    """What the posterior says of the control."""

    chance_to_be_best: float | Unavailable


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant's reading of one metric; the comparisons are None for the control.

    Attributes:
        mean: Conversions per participant, mean value, or ratio: of all participants together.
        adjusted: None where nothing was measured before the exposure.
        numerator, denominator: Of a ratio, what all participants' add up to.
    """

    key: str
    participants: int
    conversions: int
    mean: float | Unavailable
    interval: Interval | Unavailable
    method: str | None
    absolute: Absolute | Unavailable | None = None
    adjusted: Adjusted | Unavailable | None = None
    relative: Relative | Unavailable | None = None
    sequential: Sequential | Unavailable | None = None
    bayesian: Bayesian | BestChance | Unavailable | None = None
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True, slots=True)
class PhaseCounts:
    """One variant's counts in one phase."""

    phase: int
    variant: str
    participants: int
    conversions: int
    mean: float | Unavailable


@dataclass(frozen=True, slots=True)
class MetricReading:
    """One metric over one choice of participants."""

    variants: tuple[VariantResult, ...]
    phases: tuple[PhaseCounts, ...] = ()

    def variant(self, key: str) -> VariantResult:
        """The reading of this variant."""
        return next(variant for variant in self.variants if variant.key == key)


@dataclass(frozen=True, slots=True)
class Capped:
    """The cap of a metric, and what it did.

    Attributes:
        value: The most that one participant counts with; None where nothing is capped, `reason` says why.
        denominator: The same of a ratio's denominator.
        quantile: Where the cap is a quantile of all variants together.
        is_fixed: Whether that quantile has been taken for good.
        touched: By variant, how many participants had a value beyond it.
        uncapped: The matured reading without the cap: it stands beside and does not decide.
    """

    value: Decimal | None
    denominator: Decimal | None = None
    quantile: float | None = None
    is_fixed: bool = True
    touched: Mapping[str, int] | None = None
    uncapped: MetricReading | None = None
    reason: str | None = None

    def document(self) -> Json:
        """The cap as JSON."""
        found: Json = {"applied": self.value is not None}
        found["cap_value"] = None if self.value is None else f"{self.value:f}"
        if self.denominator is not None:
            found["denominator_cap_value"] = f"{self.denominator:f}"
        if self.quantile is not None:
            found |= {"cap_quantile": self.quantile, "fixed": self.is_fixed}
        if self.touched is not None:
            found["touched"] = dict(self.touched)
        if self.uncapped is not None:
            found["uncapped"] = plain(self.uncapped)
        return found if self.reason is None else {**found, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One metric: to date, and over the participants whose window has ended (`matured`).

    Attributes:
        provisional: Whether a window is still open, so that the reading to date may yet change.
        matured_through: The last day of first exposure in `matured`.
        capped: Of metrics with a cap.
        waiting: Of times: the curves of those still waiting, or why there are none.
        quantile, among: Of quantiles.
        remarks: What a reader must know of this kind of metric.
    """

    key: str
    kind: str
    role: str
    direction: str
    window_days: tuple[int, int]
    to_date: MetricReading
    matured: MetricReading
    provisional: bool = False
    matured_through: datetime | None = None
    capped: Capped | None = None
    waiting: Waiting | Unavailable | None = None
    quantile: float | None = None
    among: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def exploratory(self) -> bool:
        """Whether the metric may suggest but not decide."""
        return self.role == "secondary"

    def document(self) -> Json:
        """The metric as JSON."""
        head: Json = {
            "key": self.key,
            "kind": self.kind,
            "role": self.role,
            "direction": self.direction,
            "window_days": list(self.window_days),
            "exploratory": self.exploratory,
        }
        head |= self._of_kind()
        head |= {"provisional": self.provisional, **plain(self.to_date)}
        head["matured"] = {"first_exposed_through": plain(self.matured_through), **plain(self.matured)}
        return head if self.capped is None else head | {"capped": self.capped.document()}

    def _of_kind(self) -> Json:
        """What only this kind of metric has."""
        found: Json = {"remarks": list(self.remarks)} if self.remarks else {}
        if self.quantile is not None:
            found |= {"quantile": self.quantile, "among": self.among}
        if isinstance(self.waiting, Unavailable):
            found |= {"unit": "seconds", "times": None, "unavailable": {"times": self.waiting.reason}}
        elif self.waiting is not None:
            found |= {"unit": "seconds", "times": self.waiting.document()}
        return found


@dataclass(frozen=True, slots=True)
class VariantCount:
    """One variant's participants over all metrics, and its share of the traffic now."""

    key: str
    control: bool
    participants: int
    weight: float


@dataclass(frozen=True, slots=True)
class SegmentValue:
    """The metrics among the participants who had one value of an attribute at their first exposure."""

    value: str
    variants: tuple[VariantCount, ...]
    metrics: tuple[MetricResult, ...]

    def document(self) -> Json:
        """The segment as JSON."""
        return {
            "value": self.value,
            "variants": plain(self.variants),
            "metrics": [metric.document() for metric in self.metrics],
        }


@dataclass(frozen=True, slots=True)
class PostStratified:
    """One treatment against the control on one metric, stratified by segment and phase. It never decides.

    Attributes:
        strata: How many pairs of value and phase carry it.
        left_out: In how many one of the two had too few participants.
    """

    metric: str
    variant: str
    estimate: float | Unavailable
    interval: Interval | Unavailable
    p_value: float | Unavailable
    level: float
    method: str
    strata: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Segments:
    """A breakdown by one attribute: exploratory, its p-values adjusted over all that are shown.

    Attributes:
        post_stratified: Every treatment's lift, compared within each value and phase and then averaged.
    """

    attribute: str
    values: tuple[SegmentValue, ...]
    post_stratified: tuple[PostStratified, ...] = ()
    adjustment: str = "benjamini_hochberg"

    def document(self) -> Json:
        """The breakdown as JSON."""
        return {
            "attribute": self.attribute,
            "exploratory": True,
            "adjustment": self.adjustment,
            "values": [value.document() for value in self.values],
            "post_stratified": plain(self.post_stratified),
        }


def plain(value: object) -> Any:
    """JSON of a result type: intervals as pairs, moments as RFC 3339, null with its reason."""
    if isinstance(value, Interval):
        return [value.lower, value.upper]
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Unavailable):
        return None
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return _members(value) if hasattr(value, "__dataclass_fields__") else value


def moment(value: datetime) -> str:
    """RFC 3339 in UTC, ending in Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _members(value: Any) -> Json:
    """A dataclass's members; those that are None (a control has no lift) are left out."""
    members = [
        (member.name, getattr(value, member.name))
        for member in fields(value)
        if member.metadata.get("written", True)
    ]
    document = {name: plain(one) for name, one in members if one is not None}
    reasons = dict(_reasons(members))
    return document | ({"unavailable": reasons} if reasons else {})


def _reasons(members: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    return ((name, one.reason) for name, one in members if isinstance(one, Unavailable))
