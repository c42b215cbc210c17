from __future__ import annotations

from typing import Any, get_args

import pytest

from experiments.model.envelope import body_and_slots, media_type
from experiments.model.error_code import Envelope
from tests.factories import an_error_code

SERVED = [name for name in get_args(Envelope) if name != "custom"]


def body_of(envelope: str, status: int = 402) -> dict[str, Any]:
    return body_and_slots(an_error_code(envelope=envelope, status=status))[0]


def value_at(body: Any, path: list[str | int]) -> Any:
    for step in path:
        body = body[step]
    return body


@pytest.mark.parametrize("envelope", SERVED)
def test_every_slot_is_an_empty_place_of_the_body(envelope: str) -> None:
    body, slots = body_and_slots(an_error_code(envelope=envelope))
    assert set(slots) == {"detail", "actions", "incentive", "progress", "decision_id"}
    for paths in slots.values():
        assert paths
        assert all(value_at(body, path) is None for path in paths)


@pytest.mark.parametrize("envelope", SERVED)
def test_the_code_stands_in_every_envelope(envelope: str) -> None:
    assert "INSUFFICIENT_BALANCE" in str(body_of(envelope))


def test_the_hybrid_has_the_members_of_a_problem_and_an_error_object() -> None:
    assert body_of("hybrid") == {
        "type": "https://api.example.com/problems/insufficient-balance",
        "title": "Insufficient balance",
        "status": 402,
        "detail": None,
        "code": "INSUFFICIENT_BALANCE",
        "error": {"code": "INSUFFICIENT_BALANCE", "message": None},
        "actions": None,
        "incentive": None,
        "progress": None,
        "decision_id": None,
    }


@pytest.mark.parametrize(
    ("envelope", "status", "error"),
    [
        ("error", 402, {"code": "INSUFFICIENT_BALANCE", "message": None}),
        (
            "openai",
            429,
            {"message": None, "type": "insufficient_quota", "param": None, "code": "INSUFFICIENT_BALANCE"},
        ),
        (
            "openai",
            503,
            {"message": None, "type": "server_error", "param": None, "code": "INSUFFICIENT_BALANCE"},
        ),
        (
            "anthropic",
            402,
            {"type": "billing_error", "message": None, "details": {"error_code": "INSUFFICIENT_BALANCE"}},
        ),
        (
            "anthropic",
            500,
            {"type": "api_error", "message": None, "details": {"error_code": "INSUFFICIENT_BALANCE"}},
        ),
        ("stripe", 402, {"type": "card_error", "code": "INSUFFICIENT_BALANCE", "message": None}),
        ("stripe", 400, {"type": "invalid_request_error", "code": "INSUFFICIENT_BALANCE", "message": None}),
    ],
)
def test_the_error_object_is_that_of_the_api_it_imitates(
    envelope: str, status: int, error: dict[str, Any]
) -> None:
    assert body_of(envelope, status)["error"] == error


def test_google_names_the_status_twice_and_the_code_in_the_details() -> None:
    error = body_of("google", 429)["error"]
    assert (error["code"], error["status"], error["message"]) == (429, "RESOURCE_EXHAUSTED", None)
    assert error["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "INSUFFICIENT_BALANCE",
            "domain": "api.example.com",
            "metadata": {},
        }
    ]


def test_an_anthropic_body_says_that_it_is_an_error() -> None:
    assert body_of("anthropic")["type"] == "error"


@pytest.mark.parametrize("envelope", SERVED)
def test_only_problems_are_called_problems(envelope: Any) -> None:
    is_problem = {"type", "title", "status", "detail"} <= set(body_of(envelope))
    assert media_type(envelope) == ("application/problem+json" if is_problem else "application/json")
