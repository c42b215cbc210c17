from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.integrations.walls import (
    LARGEST_BODY,
    Response,
    Wall,
    Walls,
    error_code_in,
    is_repeat,
    may_be_wall,
    preferred_locale,
)
from keepgoing.testing import FakeClient

CODE = "INSUFFICIENT_BALANCE"
JSON = [("Content-Type", "application/json")]


@pytest.fixture
def client() -> FakeClient:
    found = FakeClient.from_texts({CODE: {"control": "Too low.", "progress": "You are at 87 %."}})
    found.force(CODE, "progress")
    return found


def response(body: Any, *, status: int = 402, headers: list[tuple[str, str]] = JSON) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def walls_of(client: FakeClient, unit: str | None = "acct_42") -> Walls[None]:
    return Walls(client, lambda _request: unit)


@pytest.mark.parametrize(
    "body",
    [
        {"code": CODE, "detail": "Too low."},
        {"error": {"code": CODE, "message": "Too low."}},
        {"error": CODE},
        {"error": {"type": CODE, "message": "Too low."}},
        {"type": "error", "error": {"type": "billing_error", "details": {"error_code": CODE}}},
        {"error": {"code": 402, "details": [{"@type": "x", "reason": CODE}]}},
    ],
)
def test_an_error_is_recognised_by_its_code_in_every_usual_shape(body: object) -> None:
    assert error_code_in(body, {CODE}.__contains__) == CODE


MEMBERS = st.sampled_from(["error", "code", "type", "details", "reason", "error_code"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(MEMBERS, inner),
)


@given(ANY_JSON)
def test_looking_for_a_code_in_any_json_never_raises(body: object) -> None:
    assert error_code_in(body, {CODE}.__contains__) in (None, CODE)


def test_a_returned_error_gets_the_words_and_keeps_what_else_the_host_sent(client: FakeClient) -> None:
    host = response(
        {"request_id": "req_1", "error": {"code": CODE, "message": "Too low.", "param": None}},
        headers=[*JSON, ("X-Request-Id", "req_1"), ("Set-Cookie", "a=1"), ("Content-Length", "70")],
    )
    answered = walls_of(client).in_place_of(host, None, {})

    assert answered is not None
    body = json.loads(answered.body)
    assert body["error"] == {"code": CODE, "message": "You are at 87 %.", "param": None}
    assert body["request_id"] == "req_1"
    headers = dict(answered.headers)
    assert headers["X-Request-Id"] == "req_1"
    assert headers["Set-Cookie"] == "a=1"
    assert headers["Content-Language"] == "en"
    assert "Content-Length" not in headers


@pytest.mark.parametrize(
    ("host", "unit"),
    [
        (response({"error": {"code": "ANOTHER", "message": "No."}}), "acct_42"),
        (response({"error": {"code": CODE}}), None),
        (response({"error": {"code": CODE}}, status=429), "acct_42"),
        (response([CODE]), "acct_42"),
        (Response(402, JSON, b"{"), "acct_42"),
        (Response(402, JSON, b"\xff"), "acct_42"),
    ],
    ids=["unknown code", "nobody", "another status", "no object", "broken JSON", "no UTF-8"],
)
def test_what_cannot_be_improved_is_left_and_makes_no_exposure(
    client: FakeClient, host: Response, unit: str | None
) -> None:
    assert walls_of(client, unit).in_place_of(host, None, {}) is None
    assert client.exposures == []


def test_without_a_ruleset_a_returned_error_is_left_and_a_raised_wall_says_the_hosts_own_words() -> None:
    alone = FakeClient()
    assert walls_of(alone).in_place_of(response({"error": {"code": CODE}}), None, {}) is None
    own = {"status": 402, "headers": {"Content-Type": "application/json"}, "body": {"message": "Mine."}}
    answered = walls_of(alone).answer(Wall(CODE, default=own), None, {})  # type: ignore[arg-type]
    assert json.loads(answered.body) == {"message": "Mine."}
    assert answered.decision.reason == "fallback"


def test_functions_of_the_host_that_raise_leave_the_error_as_it_is(
    client: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_request: object) -> Any:
        raise RuntimeError("no session")

    host = response({"error": {"code": CODE}})
    assert Walls(client, broken).in_place_of(host, None, {}) is None
    assert "no session" in caplog.text
    answered = Walls(client, lambda _request: "acct_42", broken).in_place_of(host, None, {})
    assert answered is not None
    assert answered.decision.variant == "progress"


def test_the_unit_is_exposed_when_the_body_was_shown_and_a_repeated_request_is_no_second_wall(
    client: FakeClient,
) -> None:
    walls = walls_of(client)
    answered = walls.answer(Wall(CODE), None, {})
    assert client.exposures == []
    walls.shown(answered)
    assert [one.unit_id for one in client.exposures] == ["acct_42"]
    client.forget()
    again = walls.answer(Wall(CODE), None, {"x-stainless-retry-count": "1"})
    walls.shown(again)
    assert again.body == answered.body
    assert client.exposures == []


@pytest.mark.parametrize(
    ("count", "is_one"), [("0", False), ("1", True), ("02", True), ("", False), ("-1", False), ("x", False)]
)
def test_a_repeat_is_a_count_above_zero(count: str, is_one: bool) -> None:
    assert is_repeat({"x-stainless-retry-count": count}) is is_one
    assert not is_repeat({})


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de-CH, de;q=0.9, en;q=0.5", "de-CH"),
        ("en;q=0.1, fr;q=0.8", "fr"),
        ("*", None),
        ("", None),
        ("en;q=x, de;q=0.2", "de"),
        ("en;q=0", None),
    ],
)
def test_the_reader_gets_the_language_that_the_browser_likes_best(header: str, tag: str | None) -> None:
    assert preferred_locale(header) == tag


def test_the_language_of_the_request_is_taken_where_the_host_names_none(client: FakeClient) -> None:
    seen: list[Any] = []
    decide = client.decide
    client.decide = lambda *args, **named: seen.append(args[2]) or decide(*args, **named)  # type: ignore
    walls_of(client).answer(Wall(CODE), None, {"accept-language": "de, en;q=0.5"})
    walls_of(client).answer(Wall(CODE, context={"locale": "fr"}), None, {"accept-language": "de"})
    assert [context["locale"] for context in seen] == ["de", "fr"]


@pytest.mark.parametrize(
    ("status", "headers", "method", "may_be"),
    [
        (402, JSON, "GET", True),
        (402, [("content-type", "application/problem+json; charset=utf-8")], "POST", True),
        (200, JSON, "GET", False),
        (402, JSON, "HEAD", False),
        (402, [("Content-Type", "text/html")], "GET", False),
        (402, [], "GET", False),
        (402, [*JSON, ("Content-Encoding", "gzip")], "GET", False),
        (402, [*JSON, ("Content-Length", str(LARGEST_BODY + 1))], "GET", False),
        (402, [*JSON, ("Content-Length", "many")], "GET", False),
    ],
)
def test_only_small_uncompressed_json_errors_may_be_walls(
    status: int, headers: list[tuple[str, str]], method: str, may_be: bool
) -> None:
    assert may_be_wall(status, headers, method) is may_be
