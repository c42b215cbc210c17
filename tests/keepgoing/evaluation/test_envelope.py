from __future__ import annotations

from typing import Any

import pytest

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.document import Place
from keepgoing.evaluation.envelope import clone, compile_envelope, encode
from tests.rulesets import wire_error_code

VALUES = {
    "detail": "Text.",
    "actions": [{"rel": "pay"}],
    "incentive": None,
    "progress": 3,
    "decision_id": "d",
}


def test_values_stand_in_every_place_of_their_slot() -> None:
    body = compile_envelope(Place(wire_error_code())).fill(VALUES)
    assert body["detail"] == body["error"]["message"] == "Text."
    assert (body["actions"], body["progress"], body["decision_id"]) == ([{"rel": "pay"}], 3, "d")


def test_every_body_is_its_own_copy() -> None:
    envelope = compile_envelope(Place(wire_error_code()))
    first = envelope.fill(VALUES)
    first["error"]["code"] = first["actions"][0]["rel"] = "changed"
    second = envelope.fill(VALUES)
    assert (second["error"]["code"], second["actions"]) == ("INSUFFICIENT_BALANCE", [{"rel": "pay"}])


def test_the_document_may_change_after_it_was_compiled() -> None:
    document = wire_error_code()
    envelope = compile_envelope(Place(document))
    document["body"]["title"] = document["headers"]["Cache-Control"] = "changed"
    assert envelope.fill(VALUES)["title"] == "Insufficient balance"
    assert envelope.headers["Cache-Control"] == "no-store"


def test_a_path_may_lead_through_a_list() -> None:
    document = wire_error_code(
        body={"errors": [{"reason": None}]}, slots={"detail": [["errors", 0, "reason"]]}
    )
    assert compile_envelope(Place(document)).fill(VALUES) == {"errors": [{"reason": "Text."}]}


def test_a_message_without_a_slot_for_a_part_leaves_it_out() -> None:
    document = wire_error_code(body={"message": None}, slots={"detail": [["message"]]})
    assert compile_envelope(Place(document)).fill(VALUES) == {"message": "Text."}


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"status": 42}, "/status"),
        ({"status": "402"}, "/status"),
        ({"status": True}, "/status"),
        ({"headers": {"Retry-After": 3}}, "/headers/Retry-After"),
        ({"headers": []}, "/headers"),
        ({"body": {"detail": object()}}, "/body/detail"),
        ({"body": {"detail": "\ud800"}}, "/body/detail"),
        ({"slots": {"detail": [["nowhere"]]}}, "/slots/detail/0"),
        ({"slots": {"detail": [["error", 0]]}}, "/slots/detail/0"),
        ({"slots": {"detail": [[]]}}, "/slots/detail/0"),
        ({"slots": {"detail": "detail"}}, "/slots/detail"),
        ({"slots": {"detail": [[1.5]]}}, "/slots/detail/0/0"),
    ],
)
def test_a_malformed_envelope_is_refused_with_its_place(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRuleset) as caught:
        compile_envelope(Place(wire_error_code(**members)))
    assert caught.value.pointer == pointer


def test_a_clone_shares_nothing_that_could_change() -> None:
    value = {"a": [{"b": 1}], "c": "x"}
    copy = clone(value)
    copy["a"][0]["b"] = 2
    assert value == {"a": [{"b": 1}], "c": "x"}


def test_json_is_compact_utf_8() -> None:
    assert encode({"a": "ü", "b": [1, None]}) == '{"a":"ü","b":[1,null]}'.encode()
