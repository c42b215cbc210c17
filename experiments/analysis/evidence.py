"""All that a verdict is made on, and nothing else: the input of the pure rules in `verdict`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from experiments.analysis.alarms import Alarm, Clearance
from experiments.analysis.results import Unavailable
from experiments.stats.estimate import Estimate, Interval


@dataclass(frozen=True, slots=True)
class Rules:
    """What the plan fixed at the start."""

    mode: str
    level: float
    min_days: int
    max_days: int
    min_participants: int
    min_conversions: int
    mde_relative: float
    margin_relative: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """How clean the exposures are.

    Attributes:
        units: All units with an exposure, the doubly exposed ones too.
        doubly_exposed: Units that saw two variants of one phase.
        empty: Variants that should have units by now and have none.
    """

    units: int
    doubly_exposed: int
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether the split is the one that was asked for."""

    chi_square_p_value: float | Unavailable
    sequential_p_value: float | Unavailable


@dataclass(frozen=True, slots=True)
class Gathered:
    """How much there is, among participants whose window has ended.

    Attributes:
        days: Full days since the first exposure; None where rows have no days.
        expected_days_at: When the full days will be there.
        counts_together: Whether conversions are asked of all variants together (means, ratios) or of each.
        cohort_days: Days of first exposure whose windows have ended.
        open_windows_until: When the last open window ends; None when none is open.
    """

    days: int | None
    expected_days_at: datetime | None
    participants: Mapping[str, int]
    conversions: Mapping[str, int]
    counts_together: bool
    cohort_days: int | None = None
    open_windows_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HarmCheck:
    """How bad one treatment is at least, on one metric.

    Attributes:
        at_best: The lift in the good direction is at most this, one-sided and valid at any time.
        margin: How much worse it may be.
    """

    variant: str
    metric: str
    is_rate: bool
    margin: float
    at_best: float | Unavailable


@dataclass(frozen=True, slots=True)
class Compared:
    """One treatment's primary metric against the control, among the participants that decide.

    Attributes:
        lift: Treatment minus control with its interval at the plan's level.
        equivalence: The interval for two one-sided tests (0.90 at level 0.95).
        z: The test's statistic, above 0 where the treatment is better.
        sequential_p_value: Two-sided and valid at any time.
    """

    variant: str
    lift: Estimate | Unavailable
    equivalence: Interval | Unavailable
    z: float | Unavailable
    sequential_p_value: float | Unavailable


@dataclass(frozen=True, slots=True)
class Looks:
    """The planned looks up to this one.

    Attributes:
        planned_participants: The planned number of participants of each of two equal variants.
        planned_by: What that number was made from.
        number: How many looks there have been, this one included.
        fraction: The share of the planned information that is there, at most 1.
        bounds: Critical values of z; place k - 1 is for k comparisons still open (Holm).
        through: The last day of first exposure that decides; None where rows have no days.
        final: Whether the plan has ended with this look, and why.
        days_left: Days until the end of the plan at the present pace.
        conditional_power: The chance that the plan's own effect would be found by its end, given the data.
    """

    planned_participants: int
    planned_by: str
    number: int
    fraction: float
    bounds: tuple[float, ...]
    through: datetime | None
    final: str | None
    days_left: int | None = None
    conditional_power: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class GuardrailCheck:
    """Whether one treatment leaves one guardrail metric good enough.

    Attributes:
        worst: The lift in the good direction is at least this, one-sided.
    """

    variant: str
    metric: str
    is_rate: bool
    margin: float
    worst: float | Unavailable


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the verdict asks.

    Attributes:
        good: +1 where a higher primary metric is better, -1 where a lower one is.
        losses: Expected loss of shipping the first treatment when the second may be better.
        control_mean: The control's primary metric.
        ended: Why the plan is over, also where no look could be planned; None while it goes on.
        alarm: What gate 1 or 2 found before, until a person clears it.
        clearances: What persons have cleared. `exposure` and `sample_ratio` are of what came after.
    """

    status: str
    as_of: datetime
    control: str
    primary: str
    good: int
    is_rate: bool
    rules: Rules
    exposure: Exposure
    sample_ratio: SampleRatio
    gathered: Gathered
    harm: tuple[HarmCheck, ...]
    looks: Looks | Unavailable
    compared: tuple[Compared, ...]
    guardrails: tuple[GuardrailCheck, ...]
    losses: Mapping[str, Mapping[str, float]]
    control_mean: float | Unavailable
    ended: str | None = None
    not_evaluated: str | None = None
    alarm: Alarm | None = None
    clearances: tuple[Clearance, ...] = ()
