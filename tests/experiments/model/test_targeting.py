from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from experiments.model.targeting import Targeting, conditions, depth, size_faults

_TARGETING: TypeAdapter[Targeting] = TypeAdapter(Targeting)
_PRO = {"attribute": "plan", "op": "eq", "value": "pro"}


def rule(data: Any) -> Targeting:
    return _TARGETING.validate_python(data)


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("eq", "pro"),
        ("ne", True),
        ("in", ["a", 1, False]),
        ("not_in", ["a"]),
        ("gt", 3),
        ("lte", -0.5),
        ("gte", "2026-01-01"),
        ("contains", "x"),
        ("starts_with", "x"),
        ("exists", False),
    ],
)
def test_each_operator_takes_its_kind_of_value(op: str, value: Any) -> None:
    written = {"attribute": "plan", "op": op, "value": value}
    assert _TARGETING.dump_python(rule(written), mode="json", by_alias=True) == written


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("eq", ["a"]),
        ("eq", None),
        ("eq", {}),
        ("in", "a"),
        ("in", []),
        ("in", ["a"] * 1001),
        ("gt", True),
        ("contains", 3),
        ("starts_with", True),
        ("exists", "yes"),
        ("eq", float("inf")),
        ("eq", 2**60),
        ("eq", "a\x00"),
        ("eq", "x" * 1001),
    ],
)
def test_any_other_value_is_refused(op: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        rule({"attribute": "plan", "op": op, "value": value})


def test_exists_needs_no_value() -> None:
    (_, condition), *_ = conditions(rule({"attribute": "plan", "op": "exists"}))
    assert condition.value is True


def test_every_condition_is_found_with_its_place() -> None:
    found = conditions(rule({"all": [_PRO, {"any": [{"not": _PRO}, _PRO]}]}))
    assert [path for path, _ in found] == [("all", 0), ("all", 1, "any", 0, "not"), ("all", 1, "any", 1)]


def test_depth_counts_rules_in_rules() -> None:
    assert depth(rule(_PRO)) == 1
    assert depth(rule({"not": {"any": [_PRO, {"all": [_PRO]}]}})) == 4


def test_a_rule_may_be_eight_deep_and_hold_a_hundred_conditions() -> None:
    nested: Any = _PRO
    for _ in range(7):
        nested = {"not": nested}
    assert size_faults(rule(nested)) == []
    assert size_faults(rule({"not": nested})) == [((), "is 9 rules deep, must be at most 8")]
    wide = {"any": [{"all": [_PRO] * 50}] * 2}
    assert size_faults(rule(wide)) == []
    assert size_faults(rule({"any": [wide, _PRO]})) == [((), "has 101 conditions, must have at most 100")]
