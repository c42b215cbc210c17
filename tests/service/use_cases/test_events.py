"""Tests of taking in events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from experiments.errors import InvalidInput
from experiments.model.events import microseconds
from service.storage.database import Database
from service.storage.journal import Journal
from service.use_cases.events import Conversion, Recorded, TooManyEvents, record, record_events
from service.use_cases.scope import ProjectRef, Scope
from tests.events import a_measured_state, add_project
from tests.factories import A_MONDAY, a_state, an_experiment

NOW = A_MONDAY + timedelta(days=2)
PHASES = [
    {
        "number": number,
        "opened_at": A_MONDAY + timedelta(days=number - 1),
        "shares": {},
        "revision": 1,
        "reason": "x",
    }
    for number in (1, 2)
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def scope(database: Database) -> Scope:
    """A project with a running experiment, one that was stopped, an imported one and a draft."""
    project, _ = add_project(
        database,
        a_measured_state(phases=PHASES, experiment={"forced": {"acct_qa": "progress"}}),
        a_measured_state("stopped", status="stopped", stopped_at=A_MONDAY + timedelta(hours=2)),
        a_measured_state(
            "imported",
            status="stopped",
            stopped_at=A_MONDAY + timedelta(hours=2),
            experiment={"assignment": "external"},
        ),
        a_state(definition=an_experiment(key="draft")),
    )
    return Scope(database, ProjectRef(project, "shop"), "key", NOW)


@pytest.fixture
def journal(database: Database) -> Iterator[Journal]:
    """A writer of the log."""
    opened = Journal(database)
    yield opened
    opened.close()


def exposure(event_id: str = "e1", **members: Any) -> dict[str, Any]:
    return {
        "type": "exposure",
        "event_id": event_id,
        "error_code": "INSUFFICIENT_BALANCE",
        "experiment": "low-balance-framing",
        "variant": "progress",
        "unit_id": "acct_1",
        "occurred_at": "2026-11-02T10:00:00+01:00",
        "context": {"plan": "pro"},
        **members,
    }


def conversion(event_id: str = "c1", **members: Any) -> dict[str, Any]:
    return {
        "type": "conversion",
        "event_id": event_id,
        "name": "recharge",
        "unit_id": "acct_1",
        "occurred_at": "2026-11-02T10:00:00Z",
        "value": "20.00",
        "currency": "USD",
        **members,
    }


def body(*events: Any) -> bytes:
    return json.dumps({"events": events}).encode()


def rows(database: Database) -> list[dict[str, Any]]:
    with database.reading() as connection:
        found = connection.exec_driver_sql("SELECT * FROM event ORDER BY event_id")
        return [dict(row) for row in found.mappings()]


def test_an_exposure_and_a_conversion_are_stored_as_they_were_sent(scope: Scope, journal: Journal) -> None:
    assert record(scope, body(exposure(), conversion()), journal) == Recorded(2, 0, (), ())
    stored_conversion, stored_exposure = rows(scope.database)
    assert stored_conversion["value"] == 20_000_000
    assert stored_conversion["occurred_at"] == microseconds(A_MONDAY + timedelta(hours=1))
    assert stored_conversion["received_at"] == microseconds(NOW)
    assert stored_exposure["occurred_at"] == microseconds(A_MONDAY)
    assert (stored_exposure["variant"], stored_exposure["phase"]) == ("progress", 1)
    assert json.loads(stored_exposure["payload"]) == {"context": {"plan": "pro"}}
    assert stored_exposure["counted"]


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        ("20.1", 20_100_000), ('"20.10"', 20_100_000), ("-5", -5_000_000), ("0", 0), ("1e3", 1_000_000_000),
        ("1E-05", 10), ('"0.000001"', 1), ("2.5000000", 2_500_000), ("1000000000000", 10**18),
        ("null", None), ("9007199254740.993001", None),
    ],
)  # fmt: skip
def test_a_value_is_stored_exactly(scope: Scope, journal: Journal, written: str, micros: int | None) -> None:
    raw = body(conversion(value=0)).replace(b'"value": 0', f'"value": {written}'.encode())
    outcome = record(scope, raw, journal)
    if "9007" in written:
        assert outcome.rejected[0].detail == "must be between -1e12 and 1e12"
    else:
        assert rows(scope.database)[0]["value"] == micros


BAD_VALUES: list[Any] = [
    *("ten", "", " 20", "20 ", "1_000", "٣", "0x10", "NaN", "Infinity", "-inf", "1e400", "1.0000001", "+5"),
    *("1000000000000.000001", "9" * 5000, "1e-7", "--1", "1.", ".5", "1e1e1", "\ud83d\ude00", True, [], {}),
]


@pytest.mark.parametrize("value", BAD_VALUES)
def test_a_value_that_is_no_decimal_number_is_refused(scope: Scope, journal: Journal, value: Any) -> None:
    outcome = record(scope, body(conversion(value=value), conversion("c2")), journal)
    assert (outcome.accepted, [refusal.pointer for refusal in outcome.rejected]) == (1, ["/events/0/value"])


BAD_EVENTS: list[tuple[Any, str]] = [
    (exposure(event_id=""), "/event_id"),
    (exposure(event_id="x" * 129), "/event_id"),
    (exposure(event_id="a\x00b"), "/event_id"),
    (exposure(event_id="   "), "/event_id"),
    (exposure(event_id=7), "/event_id"),
    (exposure(unit_id=""), "/unit_id"),
    (exposure(unit_id="x" * 257), "/unit_id"),
    (exposure(unit_id="\x00"), "/unit_id"),
    (exposure(unit_id=" "), "/unit_id"),
    (exposure(unit_id=None), "/unit_id"),
    (exposure(experiment="unheard-of"), "/experiment"),
    (exposure(experiment="draft"), "/experiment"),
    (exposure(experiment="a\x00"), "/experiment"),
    (exposure(variant="unheard-of"), "/variant"),
    (exposure(error_code="OTHER"), "/error_code"),
    (exposure(phase=3), "/phase"),
    (exposure(phase=0), "/phase"),
    (exposure(phase="1"), "/phase"),
    (exposure(revision=-1), "/revision"),
    (exposure(fallback="yes"), "/fallback"),
    (exposure(value="20"), "/value"),
    (exposure(occurred_at="2026-11-02T10:00:00"), "/occurred_at"),
    (exposure(occurred_at="yesterday"), "/occurred_at"),
    (exposure(occurred_at=1_793_000_000), "/occurred_at"),
    (exposure(occurred_at="1999-12-31T23:59:59Z"), "/occurred_at"),
    (exposure(occurred_at="9999-12-31T23:59:59Z"), "/occurred_at"),
    (exposure(occurred_at=(NOW + timedelta(minutes=5, seconds=1)).isoformat()), "/occurred_at"),
    (exposure(context=[]), "/context"),
    (exposure(context={"a": {}}), "/context"),
    (exposure(context={"a": "\x00"}), "/context"),
    (exposure(context={"\x00": 1}), "/context"),
    (exposure(context={"a": 2**70}), "/context"),
    (exposure(context={f"a{n}": n for n in range(101)}), "/context"),
    (exposure(context={"": 1}), "/context"),
    (conversion(name=""), "/name"),
    (conversion(name="re charge"), "/name"),
    (conversion(name="recharge\n"), "/name"),
    (conversion(name="x" * 65), "/name"),
    (conversion(currency="usd"), "/currency"),
    (conversion(currency="USDT"), "/currency"),
    (conversion(currency=""), "/currency"),
    (conversion(experiment="low-balance-framing"), "/experiment"),
    (conversion(properties={"a": [1]}), "/properties"),
    ({"type": "view"}, "/type"),
    ({}, "/type"),
    ({key: value for key, value in exposure().items() if key != "unit_id"}, "/unit_id"),
    ({key: value for key, value in conversion().items() if key != "occurred_at"}, "/occurred_at"),
    ("event", ""),
    (None, ""),
]


@pytest.mark.parametrize(("event", "member"), BAD_EVENTS)
def test_a_bad_event_is_refused_with_its_place_and_its_neighbours_are_stored(
    scope: Scope, journal: Journal, event: Any, member: str
) -> None:
    outcome = record(scope, body(conversion("c0"), event, exposure("e9")), journal)
    assert [refusal.pointer for refusal in outcome.rejected] == [f"/events/1{member}"]
    assert outcome.rejected[0].detail
    assert [row["event_id"] for row in rows(scope.database)] == ["c0", "e9"]


@pytest.mark.parametrize("bad", [b'"\\ud800"', b'"\\udfff\\ud83d"', b"1e400", b"9" * 400, b'"\xff"'])
def test_a_member_that_cannot_be_read_takes_no_neighbour_with_it(
    scope: Scope, journal: Journal, bad: bytes
) -> None:
    raw = body(conversion("c0"), conversion(properties={"x": 0})).replace(b'"x": 0', b'"x": ' + bad)
    outcome = record(scope, raw, journal)
    assert (outcome.accepted, outcome.rejected[0].index) == (1, 1)


@pytest.mark.parametrize("bad", [b"NaN", b"[" * 5000, b"{", b"[" * 200_000])
def test_what_is_no_json_is_refused_whole(scope: Scope, journal: Journal, bad: bytes) -> None:
    raw = body(conversion("c0"), conversion(properties={"x": 0})).replace(b'"x": 0', b'"x": ' + bad)
    with pytest.raises(InvalidInput) as refused:
        record(scope, raw, journal)
    assert refused.value.faults
    assert rows(scope.database) == []


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"null", b'{"events": 3}', b'{"events": [], "x": 1}', b"\xff"]
)
def test_a_body_that_is_no_batch_is_refused(scope: Scope, journal: Journal, raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        record(scope, raw, journal)


def test_escaped_characters_and_backslashes_are_no_halves(scope: Scope, journal: Journal) -> None:
    whole = exposure(context={"a": "\U0001f600", "b": "\\ud800", "c": "é"})
    outcome = record(scope, body(None, whole), journal)
    assert (outcome.accepted, len(outcome.rejected)) == (1, 1)
    assert json.loads(rows(scope.database)[0]["payload"]) == {"context": whole["context"]}


def test_more_events_than_allowed_are_refused(scope: Scope, journal: Journal) -> None:
    with pytest.raises(TooManyEvents, match="holds 3 events, must be at most 2"):
        record(scope, body(*[conversion(f"c{n}") for n in range(3)]), journal, max_events=2)
    with pytest.raises(TooManyEvents):
        record(scope, body(None, None, None), journal, max_events=2)


def test_an_empty_batch_is_nothing(scope: Scope, journal: Journal) -> None:
    assert record(scope, body(), journal) == Recorded(0, 0, (), ())


def test_all_rejected_says_so_only_when_nothing_was_good(scope: Scope, journal: Journal) -> None:
    assert record(scope, body(None), journal).all_rejected
    assert not record(scope, body(None, conversion()), journal).all_rejected
    assert not record(scope, body(), journal).all_rejected


def test_a_batch_sent_three_times_counts_once(scope: Scope, journal: Journal) -> None:
    batch = body(exposure(), conversion())
    outcomes = [record(scope, batch, journal) for _ in range(3)]
    assert [(one.accepted, one.duplicates, one.conflicts) for one in outcomes] == [
        (2, 0, ()),
        (0, 2, ()),
        (0, 2, ()),
    ]


def test_another_content_under_a_stored_id_is_a_conflict_and_the_first_one_wins(
    scope: Scope, journal: Journal
) -> None:
    record(scope, body(conversion()), journal)
    outcome = record(
        scope, body(None, conversion(value="21"), conversion("c2"), conversion("c2", value=1)), journal
    )
    assert (outcome.accepted, outcome.duplicates) == (1, 2)
    assert [conflict.pointer for conflict in outcome.conflicts] == [
        "/events/1/event_id",
        "/events/3/event_id",
    ]
    assert [row["value"] for row in rows(scope.database)] == [20_000_000, 20_000_000]


def test_the_same_content_written_otherwise_is_no_conflict(scope: Scope, journal: Journal) -> None:
    record(scope, body(exposure(context={"a": 1, "b": 2}), conversion()), journal)
    again = exposure(context={"b": 2, "a": 1}, occurred_at="2026-11-02T09:00:00Z")
    assert record(scope, body(again, conversion(value=20.0)), journal) == Recorded(0, 2, (), ())


@pytest.mark.parametrize(
    ("occurred_at", "phase"),
    [("2026-11-01T00:00:00Z", 1), ("2026-11-03T08:59:59Z", 1), ("2026-11-03T09:00:00Z", 2)],
)
def test_an_exposure_belongs_to_the_phase_that_was_open(
    scope: Scope, journal: Journal, occurred_at: str, phase: int
) -> None:
    record(scope, body(exposure(occurred_at=occurred_at)), journal)
    assert rows(scope.database)[0]["phase"] == phase


def test_an_exposure_may_name_its_phase(scope: Scope, journal: Journal) -> None:
    record(scope, body(exposure(phase=2, revision=4, fallback=True)), journal)
    assert rows(scope.database)[0]["phase"] == 2
    assert json.loads(rows(scope.database)[0]["payload"])["fallback"] is True


def test_exposures_of_forced_units_and_after_the_stop_are_stored_but_not_counted(
    scope: Scope, journal: Journal
) -> None:
    late = "2026-11-02T11:00:00.000001Z"
    events = [
        exposure("forced", unit_id="acct_qa"),
        exposure("after", experiment="stopped", occurred_at=late),
        exposure("before", experiment="stopped", occurred_at="2026-11-02T11:00:00Z"),
        exposure("imported", experiment="imported", occurred_at=late),
    ]
    assert record(scope, body(*events), journal).accepted == 4
    counted = {row["event_id"]: bool(row["counted"]) for row in rows(scope.database)}
    assert counted == {"forced": False, "after": False, "before": True, "imported": True}


def test_the_same_ids_in_another_project_have_no_effect(
    database: Database, scope: Scope, journal: Journal
) -> None:
    other, _ = add_project(database, name="other")
    stranger = Scope(database, ProjectRef(other, "other"), "key", NOW)
    assert record(stranger, body(conversion(value="666")), journal).accepted == 1
    assert record(scope, body(conversion()), journal) == Recorded(1, 0, (), ())
    assert record(stranger, body(exposure()), journal).rejected[0].pointer == "/events/0/experiment"


def test_events_made_in_this_process_pass_the_same_checks(scope: Scope, journal: Journal) -> None:
    def made(event_id: str, **members: Any) -> Conversion:
        given = {"name": "recharge", "unit_id": "acct_1", "occurred_at": A_MONDAY, **members}
        return Conversion(event_id=event_id, **given)

    good = [made("c1", value=msgspec.Raw(b"20")), made("c2", properties={"x": float("nan")}), made("c3")]
    bad = [made("c4", unit_id="\x00"), made("c5", occurred_at=datetime.max.replace(tzinfo=NOW.tzinfo))]
    bad += [made("c6", properties={"x": 2**70}), made("c7", unit_id="\ud800"), made("c8", currency="usd")]
    outcome = record_events(scope, [*good, *bad], journal)
    assert outcome.accepted == 3
    assert [refusal.pointer for refusal in outcome.rejected] == [
        *("/events/3/unit_id", "/events/4/occurred_at", "/events/5/properties", "/events/6"),
        "/events/7/currency",
    ]
