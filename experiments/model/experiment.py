"""A comparison of message variants for one error code, with the plan by which it will be judged."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from experiments.model.definition import Definition, Path, fit
from experiments.model.incentive import Incentive
from experiments.model.message import Messages
from experiments.model.names import AttributeName, Code, Key, UnitId, VariantKey
from experiments.model.quantities import Count, Days, Flag, Margin, Real, Share, Weight
from experiments.model.targeting import Targeting
from experiments.model.text import Description, Href, Line

Principle = Literal[
    "reciprocity", "authority", "commitment", "scarcity", "social_proof", "empathy", "progress", "value"
]
Salt = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Source(Definition):
    """Where data that were not gathered here come from; shown wherever they are."""

    label: Annotated[Line, Field(max_length=200)]
    url: Href | None = None


class Variant(Definition):
    """One wording of the message; status, code, type, title and headers are the error code's alone."""

    key: VariantKey
    control: Flag = False
    weight: Weight
    principles: Annotated[tuple[Principle, ...], Field(max_length=8)] = ()
    message: Messages
    incentive: Incentive | None = None
    description: Description = ""


class Guardrail(Definition):
    """A metric that may get worse by `margin` (absolute) at most."""

    metric: Key
    margin: Margin


class Prior(Definition):
    """What was believed of the relative lift before the start: normal, with where the belief comes from."""

    mean: Annotated[Real, Field(ge=-10, le=10)] = 0.0
    sd: Annotated[Real, Field(gt=0, le=10)]
    source: Annotated[Line, Field(max_length=500)]


class Plan(Definition):
    """How the experiment will be judged; frozen at its start."""

    primary: Key
    secondary: Annotated[tuple[Key, ...], Field(max_length=20)] = ()
    guardrails: Annotated[tuple[Guardrail, ...], Field(max_length=20)] = ()
    level: Annotated[Real, Field(ge=0.5, le=0.999)] = 0.95
    power: Annotated[Real, Field(ge=0.5, le=0.999)] = 0.8
    baseline: Annotated[Real, Field(gt=0)] | None = None
    mde_relative: Annotated[Real, Field(gt=0, le=10)] = 0.05
    margin: Annotated[Real, Field(gt=0, le=10)] | None = None
    min_days: Days = 7
    max_days: Days = 42
    min_participants: Count = 100
    min_conversions: Count = 25
    mode: Literal["planned", "open"] = "planned"
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    prior: Literal["default", "flat"] | Prior = "default"
    segments: Annotated[tuple[AttributeName, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Plan:
        fit([*self._length_faults(), *self._metric_faults(), *_repeated("segments", self.segments)])
        return self

    def _length_faults(self) -> list[tuple[Path, str]]:
        if self.min_days <= self.max_days:
            return []
        return [(("max_days",), f"max_days == {self.max_days}, must be >= min_days ({self.min_days})")]

    def _metric_faults(self) -> list[tuple[Path, str]]:
        places: list[tuple[Path, str]] = [(("secondary", n), key) for n, key in enumerate(self.secondary)]
        places += [(("guardrails", n, "metric"), one.metric) for n, one in enumerate(self.guardrails)]
        seen = {self.primary}
        faults: list[tuple[Path, str]] = []
        for path, key in places:
            if key in seen:
                faults.append((path, f"{key!r} stands in the plan twice, give each metric one role"))
            seen.add(key)
        return faults

    @property
    def metric_keys(self) -> tuple[str, ...]:
        """All metrics of the plan, the primary first."""
        return (self.primary, *self.secondary, *(guardrail.metric for guardrail in self.guardrails))


class Allocation(Definition):
    """Traffic that follows the results, day by day; without one the weights stay as they are."""

    mode: Literal["thompson"]
    floor: Annotated[Real, Field(ge=0.05, le=0.5)] = 0.05


class Experiment(Definition):
    """One experiment as its owner wrote it; what became of it stands in `ExperimentState`."""

    key: Key
    error_code: Code
    hypothesis: Description = ""
    description: Description = ""
    unit: Annotated[Key, Field(description="What is randomised, in words: account, user.")] = "account"
    assignment: Literal["keepgoing", "external"] = "keepgoing"
    source: Source | None = None
    simulated: Flag = False
    traffic: Share = Decimal(1)
    allocation: Allocation | None = None
    exclusion_group: Key | None = None
    targeting: Targeting | None = None
    variants: Annotated[tuple[Variant, ...], Field(min_length=2, max_length=20)]
    forced: Annotated[dict[UnitId, VariantKey], Field(max_length=1000, default_factory=dict)]
    salt: Salt | None = None
    plan: Plan

    @model_validator(mode="after")
    def _fits(self) -> Experiment:
        fit(
            [
                *self._variant_faults(),
                *self._forced_faults(),
                *self._external_faults(),
                *self._allocation_faults(),
            ]
        )
        return self

    def _allocation_faults(self) -> list[tuple[Path, str]]:
        if self.allocation is None:
            return []
        faults: list[tuple[Path, str]] = []
        if self.plan.mode != "open":
            faults.append(
                (
                    ("plan", "mode"),
                    "must be open: only a test that may be looked at any time judges moving traffic",
                )
            )
        if self.allocation.floor * len(self.variants) >= 1:
            faults.append(
                (
                    ("allocation", "floor"),
                    f"leaves nothing to move among {len(self.variants)} variants; lower it",
                )
            )
        if any(float(share) < self.allocation.floor for share in self.shares.values()):
            faults.append(
                (("variants",), "a weight is below the allocation's floor; raise it, or lower the floor")
            )
        return faults

    def _variant_faults(self) -> list[tuple[Path, str]]:
        faults: list[tuple[Path, str]] = []
        controls = sum(variant.control for variant in self.variants)
        if controls != 1:
            faults.append((("variants",), f"{controls} variants are marked control, must be exactly one"))
        if not any(variant.weight for variant in self.variants):
            faults.append(
                (("variants",), "the weights add up to 0, give at least one variant a weight above 0")
            )
        keys = [variant.key for variant in self.variants]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                faults.append(
                    (("variants", place, "key"), f"{key!r} is used twice, give each variant its own key")
                )
        return faults

    def _forced_faults(self) -> list[tuple[Path, str]]:
        keys = [variant.key for variant in self.variants]
        return [
            (("forced", unit), f"no variant is called {key!r}, use one of {', '.join(keys)}"[:300])
            for unit, key in self.forced.items()
            if key not in keys
        ]

    def _external_faults(self) -> list[tuple[Path, str]]:
        if self.assignment == "keepgoing":
            return []
        detail = "another system assigns the units, so this has no effect; remove it"
        given = {
            "forced": bool(self.forced),
            "exclusion_group": bool(self.exclusion_group),
            "salt": bool(self.salt),
            "allocation": self.allocation is not None,
        }
        return [((name,), detail) for name, is_given in given.items() if is_given]

    @property
    def control(self) -> Variant:
        """The variant that the others are compared with."""
        return next(variant for variant in self.variants if variant.control)

    def variant(self, key: str) -> Variant | None:
        """The variant of this key, if there is one."""
        return next((variant for variant in self.variants if variant.key == key), None)

    @cached_property
    def shares(self) -> dict[str, Fraction]:
        """The share of each variant, exactly: its weight over the sum of all weights."""
        total = sum((Fraction(variant.weight) for variant in self.variants), Fraction(0))
        return {variant.key: Fraction(variant.weight) / total for variant in self.variants}


def _repeated(field: str, names: tuple[str, ...]) -> list[tuple[Path, str]]:
    return [
        ((field, place), f"{name!r} is listed twice, remove one")
        for place, name in enumerate(names)
        if name in names[:place]
    ]
