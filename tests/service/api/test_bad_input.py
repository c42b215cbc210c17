"""Bad definitions, events, walls, bodies: each a 4xx problem that names the place; nothing stored, no 5xx."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, text

from service.use_cases.credentials import Role
from tests.api_client import CODE, Site, conversion, exposure, pointers, refusal
from tests.bad_definitions import BAD_DEFINITIONS, VALID_DOCUMENT, BadDefinition

PATHS = {"error_codes": "/v1/error-codes", "metrics": "/v1/metrics", "experiments": "/v1/experiments"}
OF_WHOLE_DOCUMENTS = ("defined_twice", "document_with", "section_that", "without_a_served_locale")
NO_JSON_NUMBER = re.compile(r": (NaN|-?Infinity|\d{101,})")  # then there is no document to point into
LATER = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def section_of(case: BadDefinition) -> str:
    """The part of the document that is at fault."""
    return case.pointer.split("/")[1]


PIECES = [
    pytest.param(case, id=case.id)
    for case in BAD_DEFINITIONS
    if not any(mark in case.id for mark in OF_WHOLE_DOCUMENTS) and section_of(case) in PATHS
]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service with an error code, the metrics that experiments name, and a running experiment."""
    opened = Site(f"sqlite:///{tmp_path_factory.mktemp('stocked') / 'keepgoing.db'}")
    for metric in VALID_DOCUMENT["metrics"][1:]:
        assert opened.post("/v1/metrics", metric).status_code == 201
    opened.running()
    yield opened
    opened.close()


def stored(site: Site) -> dict[str, list[str]]:
    """Every row of every table."""
    with site.services.backend.database.reading() as connection:
        return {
            table: [str(row) for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
            for table in inspect(connection).get_table_names()
        }


def renamed(section: str, piece: Any) -> Any:
    """The piece under a name that the project does not have, when its name is not what is wrong with it."""
    name = "code" if section == "error_codes" else "key"
    if isinstance(piece, dict) and piece.get(name) in (CODE, "low-balance-framing", "recharge"):
        return {**piece, name: "BRAND_NEW" if section == "error_codes" else "brand-new"}
    return piece


@pytest.mark.parametrize("case", PIECES)
def test_a_bad_definition_is_refused_at_its_place(stocked: Site, case: BadDefinition) -> None:
    section, number = case.pointer.split("/")[1:3]
    expected = case.pointer.removeprefix(f"/{section}/{number}")
    before = stored(stocked)
    body = json.dumps(renamed(section, case.document[section][int(number)]))
    answer = stocked.call("POST", PATHS[section], data=body, content_type="application/json")
    problem = refusal(answer, 400)
    assert ("" if NO_JSON_NUMBER.search(body) else expected) in pointers(problem), problem
    assert len(answer.data) < 20_000
    assert stored(stocked) == before


@pytest.mark.parametrize("holdout", [1, -0.1, "much", True, [0.1], 10**30])
def test_a_bad_holdout_is_refused_at_its_place(stocked: Site, holdout: Any) -> None:
    before = stored(stocked)
    assert pointers(refusal(stocked.call("PUT", "/v1/project", {"holdout": holdout}), 400)) == {"/holdout"}
    assert stored(stocked) == before


BAD_EVENTS = [
    ("no_object", 3, ""),
    ("no_type", {**conversion("e"), "type": None}, "/type"),
    ("type_unknown", {**conversion("e"), "type": "click"}, "/type"),
    ("event_id_missing", {k: v for k, v in conversion("e").items() if k != "event_id"}, "/event_id"),
    ("event_id_empty", conversion(""), "/event_id"),
    ("event_id_too_long", conversion("e" * 129), "/event_id"),
    ("event_id_with_nul", conversion("e\0"), "/event_id"),
    ("unit_id_empty", conversion("e", ""), "/unit_id"),
    ("unit_id_blank", conversion("e", "  "), "/unit_id"),
    ("unit_id_too_long", conversion("e", "u" * 257), "/unit_id"),
    ("unit_id_number", {**conversion("e"), "unit_id": 7}, "/unit_id"),
    ("unit_id_with_nul", conversion("e", "a\0b"), "/unit_id"),
    ("name_with_space", conversion("e", name="re charge"), "/name"),
    ("name_missing", {k: v for k, v in conversion("e").items() if k != "name"}, "/name"),
    ("no_offset", conversion("e", occurred_at="2026-11-02T09:00:00"), "/occurred_at"),
    ("no_moment", conversion("e", occurred_at="yesterday"), "/occurred_at"),
    ("seconds", conversion("e", occurred_at=1_700_000_000), "/occurred_at"),
    ("ahead", conversion("e", occurred_at=LATER), "/occurred_at"),
    ("long_ago", conversion("e", occurred_at="1899-01-01T00:00:00Z"), "/occurred_at"),
    ("value_words", conversion("e", value="twenty"), "/value"),
    ("value_not_a_number", conversion("e", value="NaN"), "/value"),
    ("value_infinite", conversion("e", value="Infinity"), "/value"),
    ("value_boolean", conversion("e", value=True), "/value"),
    ("value_huge", conversion("e", value="1e13"), "/value"),
    ("value_too_fine", conversion("e", value="0.0000001"), "/value"),
    ("value_list", conversion("e", value=[1]), "/value"),
    ("currency_small", conversion("e", currency="usd"), "/currency"),
    ("member_unknown", conversion("e", winner=True), "/winner"),
    ("experiment_unknown", exposure("e", experiment="nothing"), "/experiment"),
    ("variant_unknown", exposure("e", variant="nothing"), "/variant"),
    ("error_code_of_another", exposure("e", error_code="OTHER"), "/error_code"),
    ("context_nested", exposure("e", context={"plan": {"a": 1}}), "/context"),
    ("context_list", exposure("e", context=["plan"]), "/context"),
    ("phase_unknown", exposure("e", phase=9), "/phase"),
    ("properties_text", conversion("e", properties="x"), "/properties"),
]


@pytest.mark.parametrize(("event", "member"), [pytest.param(e, m, id=name) for name, e, m in BAD_EVENTS])
def test_a_bad_event_is_refused_at_its_place(stocked: Site, event: Any, member: str) -> None:
    before = stored(stocked)
    found = pointers(refusal(stocked.send(event), 400))
    assert any(pointer.startswith(f"/events/0{member}") for pointer in found), found
    assert stored(stocked) == before


BAD_WALLS = [
    ("no_object", [], ""),
    ("nothing", {}, "/unit_id"),
    ("unit_missing", {"error_code": CODE}, "/unit_id"),
    ("unit_empty", {"error_code": CODE, "unit_id": ""}, "/unit_id"),
    ("unit_blank", {"error_code": CODE, "unit_id": " \t"}, "/unit_id"),
    ("unit_null", {"error_code": CODE, "unit_id": None}, "/unit_id"),
    ("unit_number", {"error_code": CODE, "unit_id": 42}, "/unit_id"),
    ("unit_too_long", {"error_code": CODE, "unit_id": "u" * 257}, "/unit_id"),
    ("unit_with_nul", {"error_code": CODE, "unit_id": "a\0"}, "/unit_id"),
    ("code_missing", {"unit_id": "acct_1"}, "/error_code"),
    ("code_number", {"error_code": 402, "unit_id": "acct_1"}, "/error_code"),
    ("context_list", {"error_code": CODE, "unit_id": "a", "context": []}, "/context"),
    ("context_text", {"error_code": CODE, "unit_id": "a", "context": "pro"}, "/context"),
    ("context_nested", {"error_code": CODE, "unit_id": "a", "context": {"plan": {}}}, "/context/plan"),
    ("context_values", {"error_code": CODE, "unit_id": "a", "context": {"plan": ["pro"]}}, "/context/plan"),
    ("context_with_nul", {"error_code": CODE, "unit_id": "a", "context": {"plan": "\0"}}, "/context/plan"),
    (
        "context_name_with_slash",
        {"error_code": CODE, "unit_id": "a", "context": {"a/b": []}},
        "/context/a~1b",
    ),
    (
        "context_of_101",
        {"error_code": CODE, "unit_id": "a", "context": {f"a{n}": 1 for n in range(101)}},
        "/context",
    ),
    ("exposure_text", {"error_code": CODE, "unit_id": "a", "exposure": "yes"}, "/exposure"),
    ("member_unknown", {"error_code": CODE, "unit_id": "a", "variant": "progress"}, "/variant"),
]


@pytest.mark.parametrize(("wall", "place"), [pytest.param(w, p, id=name) for name, w, p in BAD_WALLS])
def test_a_bad_wall_is_refused_at_its_place(stocked: Site, wall: Any, place: str) -> None:
    before = stored(stocked)
    assert place in pointers(refusal(stocked.post("/v1/decide", wall, role=Role.SDK), 400))
    assert stored(stocked) == before


def test_an_unknown_error_code_is_a_404(stocked: Site) -> None:
    problem = refusal(stocked.decide("acct_1", error_code="NOT_OURS"), 404)
    assert "'NOT_OURS'" in problem["detail"]


BAD_BODIES = [
    ("empty", b""),
    ("no_json", b"{not json"),
    ("cut_off", b'{"events": ['),
    ("two_documents", b"{} {}"),
    ("not_utf_8", b'{"a": "\xff\xfe"}'),
    ("nan", b'{"baseline": NaN, "unit_id": NaN, "events": NaN}'),
    ("infinity", b'{"baseline": Infinity}'),
    ("too_large_a_number", b'{"baseline": 1e400, "unit_id": 1e400, "events": 1e400}'),
    ("five_thousand_digits", b'{"baseline": ' + b"9" * 5_000 + b"}"),
    ("deep", b'{"baseline": ' + b"[" * 40 + b"]" * 40 + b"}"),
    ("very_deep", b"[" * 100_000),
    ("text", b'"hello"'),
    ("null", b"null"),
    ("list", b"[]"),
    ("half_a_surrogate", b'{"error_code": "\\ud800", "unit_id": "\\ud800"}'),
    ("doubled_member", b'{"baseline": 0.1, "baseline": 0.2}'),
]
DOORS = ["/v1/plan", "/v1/experiments", "/v1/keys", "/v1/decide", "/v1/events"]


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BAD_BODIES])
def test_a_body_that_is_no_proper_json_is_a_400(stocked: Site, path: str, body: bytes) -> None:
    role = Role.SDK if path in ("/v1/decide", "/v1/events") else Role.ADMIN
    before = stored(stocked)
    answer = stocked.call("POST", path, role=role, data=body, content_type="application/json")
    assert refusal(answer, 400)["errors"]
    assert len(answer.data) < 3_000
    assert stored(stocked) == before


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"]
)
@pytest.mark.parametrize("path", DOORS)
def test_a_body_of_another_type_is_a_415(stocked: Site, path: str, kind: str) -> None:
    role = Role.SDK if path in ("/v1/decide", "/v1/events") else Role.ADMIN
    answer = stocked.call("POST", path, role=role, data=b"{}", content_type=kind)
    assert "application/json" in refusal(answer, 415)["detail"]


@pytest.mark.parametrize("path", DOORS)
def test_a_body_over_one_mebibyte_is_a_413_before_and_after_gzip(stocked: Site, path: str) -> None:
    role = Role.SDK if path in ("/v1/decide", "/v1/events") else Role.ADMIN
    body = b'{"a": "' + b"x" * 1_048_576 + b'"}'
    refusal(stocked.call("POST", path, role=role, data=body, content_type="application/json"), 413)
    zipped = gzip.compress(body)
    assert len(zipped) < 10_000
    headers = {"Content-Encoding": "gzip"}
    answer = stocked.call(
        "POST", path, role=role, data=zipped, content_type="application/json", headers=headers
    )
    refusal(answer, 413)


def test_more_than_a_thousand_events_are_a_413(stocked: Site) -> None:
    before = stored(stocked)
    events = [conversion(f"many-{number}") for number in range(1_001)]
    assert "1000" in refusal(stocked.send(*events), 413)["detail"]
    assert stored(stocked) == before


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Encoding": "br"}, b"{}", 415),
        ({"Content-Encoding": "gzip"}, b"{}", 400),
        ({"Content-Encoding": "gzip"}, gzip.compress(b'{"events": []}', mtime=0)[:-9], 400),
    ],
)
def test_a_body_in_another_encoding_than_it_says_is_refused(
    stocked: Site, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = stocked.call(
        "POST", "/v1/events", role=Role.SDK, data=body, content_type="application/json", headers=headers
    )
    refusal(answer, status)


def test_a_body_that_breaks_off_while_it_is_read_is_a_400(stocked: Site) -> None:
    class Broken:
        def read(self, *_sizes: int) -> bytes:
            raise OSError("Invalid chunk size")

        readinto = readline = read

    environment = {"wsgi.input": Broken(), "wsgi.input_terminated": True}
    answer = stocked.call(
        "POST", "/v1/events", role=Role.SDK, content_type="application/json", environ_overrides=environment
    )
    assert "read to its end" in refusal(answer, 400)["detail"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("baseline", 0), ("baseline", 1), ("baseline", -0.1), ("baseline", "a tenth"), ("baseline", None),
        ("mde_relative", 20), ("mde_relative", "x"), ("power", 1), ("power", 0.2), ("level", 95),
        ("level", 1), ("daily", 0), ("daily", -5), ("variants", 1), ("variants", 2.5),
        ("variants", 500), ("members", 1),
    ],
)  # fmt: skip
def test_a_bad_plan_is_refused_at_its_place(stocked: Site, member: str, value: Any) -> None:
    problem = refusal(stocked.post("/v1/plan", {"baseline": 0.1, member: value}), 400)
    assert pointers(problem) == {f"/{member}"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=many", "limit"), ("cursor=%21%21", "cursor"),
        ("status=dancing", "status"), ("sort=key", "sort"), ("limit=1&limit=2", "limit"),
        ("cursor=" + "a" * 600, "cursor"),
    ],
)  # fmt: skip
def test_a_bad_query_is_refused_and_names_the_parameter(stocked: Site, query: str, name: str) -> None:
    assert pointers(refusal(stocked.get(f"/v1/experiments?{query}"), 400)) == {f"/{name}"}


@pytest.mark.parametrize("cursor", ["YWJj", "LTE=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_cursor_that_is_no_row_is_refused(stocked: Site, cursor: str) -> None:
    assert pointers(refusal(stocked.get(f"/v1/audit?cursor={cursor}"), 400)) == {"/cursor"}


@pytest.mark.parametrize(
    "payload", ["' OR 1=1 --", "%00", "..%2f..%2fetc", "<script>", "{{7*7}}", "%ff", "a" * 5_000]
)
def test_hostile_names_in_the_address_are_404(stocked: Site, payload: str) -> None:
    answer = stocked.get(f"/v1/experiments/{payload}")
    refusal(answer, 404)
    assert len(answer.data) < 1_000


def test_there_are_at_least_sixty_bad_definitions_events_and_walls() -> None:
    assert len(PIECES) + len(BAD_EVENTS) + len(BAD_WALLS) >= 60
