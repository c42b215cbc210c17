"""Who may enter an experiment: conditions on the context, joined by all, any and not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from experiments.model.definition import Definition, Misfit, Path, fit
from experiments.model.names import AttributeName
from experiments.model.text import storable

MAX_DEPTH = 8
MAX_CONDITIONS = 100
MAX_VALUES = 1000
_LARGEST = 2**53  # above it a whole number is not the same in every language's JSON

Operator = Literal["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "starts_with", "exists"]
LISTED = ("in", "not_in")
ORDERED = ("gt", "gte", "lt", "lte")
TEXTUAL = ("contains", "starts_with")

Scalar = str | int | float | bool


def _scalar(value: Any) -> Scalar:
    if isinstance(value, str):
        if len(value) > MAX_VALUES:
            raise ValueError(f"has {len(value)} characters, must have at most {MAX_VALUES}")
        return storable(value)
    if isinstance(value, bool):
        return value
    if not isinstance(value, int | float):
        raise ValueError("must be a text, a number, true or false")
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError("must be a finite number of at most 2^53")
    return value


def _operand(value: Any) -> Scalar | tuple[Scalar, ...]:
    if not isinstance(value, list | tuple):
        return _scalar(value)
    if not 1 <= len(value) <= MAX_VALUES:
        raise ValueError(f"has {len(value)} values, must have 1 to {MAX_VALUES}")
    checked: list[Scalar] = []
    faults: list[tuple[Path, str]] = []
    for place, one in enumerate(value):
        try:
            checked.append(_scalar(one))
        except ValueError as fault:
            faults.append(((place,), str(fault)))
    if faults:
        raise Misfit(faults)
    return tuple(checked)


_SCALAR_SCHEMA = {"type": ["string", "number", "boolean"]}
_SCHEMA = {"anyOf": [_SCALAR_SCHEMA, {"type": "array", "items": _SCALAR_SCHEMA, "minItems": 1}]}
Operand = Annotated[Any, AfterValidator(_operand), WithJsonSchema(_SCHEMA)]  # Scalar | tuple[Scalar, ...]


class Condition(Definition):
    """One attribute of the context compared with a value, or with a list of them (`in`, `not_in`)."""

    attribute: AttributeName
    op: Operator
    value: Operand = True

    @model_validator(mode="after")
    def _fits(self) -> Condition:
        fault = self._fault()
        fit([] if fault is None else [(("value",), fault)])
        return self

    def _fault(self) -> str | None:
        if "value" not in self.model_fields_set and self.op != "exists":
            return "is required"
        if (self.op in LISTED) != isinstance(self.value, tuple):
            return (
                f"must be a list for op {self.op}"
                if self.op in LISTED
                else f"must be one value for op {self.op}"
            )
        if self.op in ORDERED and isinstance(self.value, bool):
            return f"must be a number or text for op {self.op}"
        if self.op in TEXTUAL and not isinstance(self.value, str):
            return f"must be a text for op {self.op}"
        if self.op == "exists" and not isinstance(self.value, bool):
            return "must be true or false for op exists"
        return None

    @property
    def operands(self) -> tuple[Scalar, ...]:
        """What the attribute is compared with, always as a tuple."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


class AllOf(Definition):
    """Every one of these."""

    all: Annotated[tuple[Targeting, ...], Field(min_length=1, max_length=MAX_CONDITIONS)]


class AnyOf(Definition):
    """At least one of these."""

    any: Annotated[tuple[Targeting, ...], Field(min_length=1, max_length=MAX_CONDITIONS)]


class NoneOf(Definition):
    """Not this."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_alias=True, validate_by_name=True)

    rule: Targeting = Field(alias="not")


def _shape(value: Any) -> str | None:
    if isinstance(value, AllOf | AnyOf | NoneOf | Condition):
        tags: dict[type, str] = {AllOf: "<all>", AnyOf: "<any>", NoneOf: "<not>"}
        return tags.get(type(value), "<condition>")
    if not isinstance(value, dict) or not value:
        return None
    return next((f"<{key}>" for key in ("all", "any", "not") if key in value), "<condition>")


Targeting = Annotated[
    Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[NoneOf, Tag("<not>")]
    | Annotated[Condition, Tag("<condition>")],
    Discriminator(
        _shape,
        custom_error_type="targeting",
        custom_error_message="must be an object with all, any or not, or with attribute, op and value",
    ),
]
AllOf.model_rebuild()
AnyOf.model_rebuild()
NoneOf.model_rebuild()


def conditions(rule: Targeting) -> Iterator[tuple[Path, Condition]]:
    """Every condition of a rule with its place in it."""
    if isinstance(rule, Condition):
        yield (), rule
    elif isinstance(rule, NoneOf):
        yield from ((("not", *path), one) for path, one in conditions(rule.rule))
    else:
        name, parts = ("all", rule.all) if isinstance(rule, AllOf) else ("any", rule.any)
        for place, part in enumerate(parts):
            yield from (((name, place, *path), one) for path, one in conditions(part))


def depth(rule: Targeting) -> int:
    """How many rules stand in one another."""
    if isinstance(rule, Condition):
        return 1
    parts = (rule.rule,) if isinstance(rule, NoneOf) else rule.all if isinstance(rule, AllOf) else rule.any
    return 1 + max(depth(part) for part in parts)


def size_faults(rule: Targeting) -> list[tuple[Path, str]]:
    """What makes a rule too large to be evaluated at every wall."""
    faults: list[tuple[Path, str]] = []
    if depth(rule) > MAX_DEPTH:
        faults.append(((), f"is {depth(rule)} rules deep, must be at most {MAX_DEPTH}"))
    number = sum(1 for _ in conditions(rule))
    if number > MAX_CONDITIONS:
        faults.append(((), f"has {number} conditions, must have at most {MAX_CONDITIONS}"))
    return faults
