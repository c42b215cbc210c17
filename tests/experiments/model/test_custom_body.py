from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import InvalidInput
from experiments.model.custom_body import MESSAGE_SLOTS, slot_of
from experiments.model.envelope import body_and_slots, media_type
from experiments.model.error_code import ErrorCode
from experiments.model.faults import validated
from tests.factories import an_error_code, error_code_document

BODY: dict[str, Any] = {
    "err": {"msg": "{{detail}}", "id": "{{code}}", "http": "{{status}}"},
    "next": "{{actions}}",
    "texts": ["fixed", "{{detail}}"],
    "ok": False,
}


def custom(body: Any) -> ErrorCode:
    return validated(ErrorCode, error_code_document(envelope="custom", body=body))


def test_slots_are_null_and_the_error_codes_own_values_stand() -> None:
    body, slots = body_and_slots(custom(BODY))
    assert body == {
        "err": {"msg": None, "id": "INSUFFICIENT_BALANCE", "http": 402},
        "next": None,
        "texts": ["fixed", None],
        "ok": False,
    }
    assert slots == {"detail": [["err", "msg"], ["texts", 1]], "actions": [["next"]]}
    assert media_type("custom") == "application/json"


@pytest.mark.parametrize(
    ("body", "pointer", "why"),
    [
        ({"code": "{{code}}"}, "/body", "{{detail}}"),
        ({"text": "{{detail}}"}, "/body", "{{code}}"),
        ({"a": "{{detail}}", "c": "{{code}}", "b": "{{deteil}}"}, "/body/b", "is no slot"),
        ({"a": "Error: {{detail}}", "c": "{{code}}"}, "/body/a", "whole text"),
        ({"a": "{{detail}}", "{{code}}": 1}, "/body/{{code}}", "name of a member"),
        ({"a": "{{detail}}", "c": "{{code}}", "n": "\x00"}, "/body/n", "NUL"),
        ({"a": "{{detail}}", "c": "{{code}}", "n": [0] * 300}, "/body", "at most 200"),
    ],
)
def test_a_body_that_cannot_be_served_is_refused_with_its_place(body: Any, pointer: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        custom(body)
    assert pointer in [fault.pointer for fault in refused.value.faults]
    assert why in str(refused.value)


def test_a_body_that_is_too_deep_is_refused() -> None:
    deep: Any = "{{detail}}"
    for _ in range(15):
        deep = {"in": deep}
    with pytest.raises(InvalidInput, match="deep"):
        custom({"deep": deep, "code": "{{code}}"})


LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.sampled_from(["plain", *map("{{{{{}}}}}".format, MESSAGE_SLOTS)]),
)
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
)


@given(JSON)
def test_every_slot_of_any_body_is_found_and_nothing_else_changes(extra: Any) -> None:
    given_body = {"d": "{{detail}}", "c": "{{code}}", "x": extra}
    body, slots = body_and_slots(an_error_code(envelope="custom", body=given_body))
    for name, paths in slots.items():
        for path in paths:
            here, there = body, given_body
            for step in path[:-1]:
                here, there = here[step], there[step]
            assert here[path[-1]] is None
            assert slot_of(there[path[-1]]) == name
            here[path[-1]] = there[path[-1]]
    body["c"] = "{{code}}"
    assert json.dumps(body) == json.dumps(given_body)
