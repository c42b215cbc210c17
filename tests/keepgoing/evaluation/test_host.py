from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest

from keepgoing.evaluation.host import code_text, host_answer, words


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("INSUFFICIENT_BALANCE", "Insufficient balance"),
        ("quota-exceeded", "Quota exceeded"),
        ("TrialExpired", "Trial expired"),
        ("plan.limit", "Plan limit"),
        ("402", "402"),
        ("___", "Unknown error"),
        ("", "Unknown error"),
    ],
)
def test_a_title_is_made_of_the_codes_words(code: str, expected: str) -> None:
    assert words(code) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("X", "X"), ("x" * 200, "x" * 128), ("a\ud800", "a?"), (None, "UNKNOWN_ERROR"), ("", "UNKNOWN_ERROR")],
)
def test_a_code_is_made_fit_for_a_body(given: Any, expected: str) -> None:
    assert code_text(given) == expected


@pytest.mark.parametrize("status", [None, "402", True, 42, 1000, 402.0])
def test_a_status_that_is_none_is_402(status: Any) -> None:
    assert host_answer("X", {"status": status}).status == 402


def test_a_status_may_be_one_of_the_standard_library() -> None:
    assert host_answer("X", {"status": HTTPStatus.TOO_MANY_REQUESTS}).status == 429


def test_a_status_without_a_body_goes_into_the_made_body() -> None:
    answer = host_answer("QUOTA", {"status": 429})
    assert (answer.status, answer.body()["status"], answer.text) == (429, 429, "Quota.")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Pay up", "Pay up"),
        ({"detail": "A", "message": "B"}, "A"),
        ({"message": "B"}, "B"),
        ({"error": {"message": "C"}}, "C"),
        ({"error": "D"}, "D"),
        ({"error": {"message": 7}}, "Wall hit."),
        ({"other": 1}, "Wall hit."),
        ([1], "Wall hit."),
    ],
)
def test_the_text_is_found_in_the_usual_bodies(body: Any, text: str) -> None:
    answer = host_answer("WALL_HIT", {"body": body})
    assert (answer.text, answer.body()) == (text, body)
    assert json.loads(answer.json()) == body


def test_a_body_that_cannot_be_json_is_still_answered() -> None:
    answer = host_answer("WALL_HIT", {"body": {"detail": "A", "at": object}})
    assert answer.body() == {"detail": "A", "at": object}
    assert json.loads(answer.json())["detail"] == "A"


def test_a_body_that_cannot_be_copied_is_handed_on() -> None:
    body = {"detail": "A", "stream": iter("ab"), "lock": __import__("threading").Lock()}
    assert host_answer("X", {"body": body}).body() is body


@pytest.mark.parametrize("headers", [None, 7, ["a"], {"a": 1}])
def test_headers_are_text_to_text(headers: Any) -> None:
    made = host_answer("X", {"body": {}, "headers": headers}).headers
    assert made == ({"a": "1"} if isinstance(headers, dict) else dict(made))
    assert all(isinstance(value, str) for value in made.values())
