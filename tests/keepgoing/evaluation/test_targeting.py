from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.document import Place
from keepgoing.evaluation.targeting import OPERATORS, compile_targeting

MISSING = object()


def matches(node: Any, context: dict[str, Any]) -> bool:
    return compile_targeting(Place(node))(context)


def condition(op: str, value: Any) -> dict[str, Any]:
    return {"attribute": "a", "op": op, "value": value}


@pytest.mark.parametrize(
    ("op", "wanted", "given_value", "expected"),
    [
        ("eq", "pro", "pro", True),
        ("eq", "pro", "Pro", False),
        ("eq", 1, 1.0, True),
        ("eq", 1, True, False),
        ("eq", True, 1, False),
        ("eq", True, True, True),
        ("eq", "1", 1, False),
        ("ne", "pro", "free", True),
        ("ne", "pro", "pro", False),
        ("ne", 1, "1", True),
        ("ne", "pro", ["pro"], True),
        ("in", ["free", "pro"], "pro", True),
        ("in", ["free", "pro"], "team", False),
        ("in", ["free", 3], 3, True),
        ("in", ["free", 3], "3", False),
        ("in", [1], True, False),
        ("in", [], "pro", False),
        ("in", ["free"], ["free"], False),
        ("not_in", ["free"], "pro", True),
        ("not_in", ["free"], "free", False),
        ("gt", 5, 6, True),
        ("gt", 5, 5, False),
        ("gt", 5, "6", False),
        ("gt", 5, True, False),
        ("gte", 5, 5, True),
        ("lt", 5, 4.5, True),
        ("lt", 5, float("nan"), False),
        ("lte", 5, 5, True),
        ("gt", "2026-01-01", "2026-02-01", True),
        ("lt", "b", 1, False),
        ("contains", "bc", "abcd", True),
        ("contains", "x", "abcd", False),
        ("contains", "a", ["a", "b"], True),
        ("contains", 1, [True], False),
        ("contains", 1, "1", False),
        ("contains", "a", {"a": 1}, False),
        ("starts_with", "ab", "abc", True),
        ("starts_with", "b", "abc", False),
        ("starts_with", "1", 12, False),
        ("exists", True, 0, True),
        ("exists", True, "", True),
        ("exists", False, 0, False),
    ],
)  # fmt: skip
def test_a_condition_compares_within_its_json_type(
    op: str, wanted: Any, given_value: Any, expected: bool
) -> None:
    assert matches(condition(op, wanted), {"a": given_value}) is expected


@pytest.mark.parametrize("context", [{}, {"a": None}, {"b": "pro"}])
@pytest.mark.parametrize(
    ("op", "wanted", "expected"),
    [
        ("eq", "pro", False),
        ("ne", "pro", True),
        ("in", ["pro"], False),
        ("not_in", ["pro"], True),
        ("gt", 0, False),
        ("gte", 0, False),
        ("lt", 0, False),
        ("lte", 0, False),
        ("contains", "", False),
        ("starts_with", "p", False),
        ("exists", True, False),
        ("exists", False, True),
        ("exists", None, False),
    ],
)
def test_a_missing_attribute_matches_only_what_asks_for_its_absence(
    op: str, wanted: Any, expected: bool, context: dict[str, Any]
) -> None:
    assert matches(condition(op, wanted), context) is expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"all": []}, True),
        ({"any": []}, False),
        ({"all": [condition("eq", 1), condition("ne", 1)]}, False),
        ({"any": [condition("eq", 2), condition("eq", 1)]}, True),
        ({"any": [condition("eq", 2), condition("eq", 3)]}, False),
        ({"not": condition("eq", 1)}, False),
        ({"not": {"all": [{"any": [condition("eq", 2)]}]}}, True),
        (condition("eq", 1), True),
    ],
)
def test_all_any_and_not_combine(node: Any, expected: bool) -> None:
    assert matches(node, {"a": 1}) is expected


def too_deep() -> dict[str, Any]:
    node: dict[str, Any] = condition("eq", 1)
    for _ in range(30):
        node = {"not": node}
    return node


@pytest.mark.parametrize(
    ("node", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"all": [], "any": []}, ""),
        ({"all": {}}, "/all"),
        ({"all": [{}]}, "/all/0"),
        ({"not": None}, "/not"),
        ({"attribute": "", "op": "eq", "value": 1}, "/attribute"),
        ({"attribute": "a", "value": 1}, "/op"),
        ({"attribute": "a", "op": "regex", "value": "x"}, "/op"),
        (condition("eq", None), "/value"),
        (condition("eq", [1]), "/value"),
        (condition("in", "pro"), "/value"),
        (condition("in", [["pro"]]), "/value/0"),
        (condition("gt", True), "/value"),
        (condition("lt", [1]), "/value"),
        (condition("starts_with", 1), "/value"),
        (condition("exists", "yes"), "/value"),
        (condition("eq", float("nan")), "/value"),
        (too_deep(), "/not" * 21),
    ],
)
def test_a_malformed_tree_is_refused_with_its_place(node: Any, pointer: str) -> None:
    with pytest.raises(InvalidRuleset) as caught:
        compile_targeting(Place(node))
    assert caught.value.pointer == pointer


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text()
values = st.recursive(
    scalars | st.binary() | st.dates(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
bounds = {"in": [1, "a", True], "not_in": ["a"], "exists": True, "starts_with": "a"}


@given(st.sampled_from(sorted(OPERATORS)), values, st.sampled_from([1, "a", 2.5]))
def test_no_value_of_any_type_makes_a_condition_raise(op: str, value: Any, bound: Any) -> None:
    node = condition(op, bounds.get(op, bound))
    direct, opposite = matches(node, {"a": value}), matches({"not": node}, {"a": value})
    assert direct is (not opposite)
