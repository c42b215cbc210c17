"""Tests of the ledger of incentives: one grant a unit and period, and never over budget, whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from experiments.errors import Conflict, NotFound
from experiments.model.incentive import GRANT_EVENT
from experiments.model.state import Status
from service.storage.database import Database
from service.storage.pending import fold_everything
from service.storage.rebuild import rebuild
from service.use_cases import incentives
from service.use_cases.incentives import redeem, reserve
from service.use_cases.paging import PageOf
from tests.events import START, add_project, an_exposure, append, derived
from tests.grants import KEY, a_claim, a_scope, a_state_with, open_offer, start_redeemer

ENDS = "2026-11-03T00:00:00Z"  # fifteen hours after A_MONDAY


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url, busy_seconds=20)
    yield opened
    opened.dispose()


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def assert_ledger_is_whole(database: Database, *, budget_grants: int | None = None) -> int:
    """How many grants there are; pot, ledger and log agree about them, and the budget was held."""
    granted = rows(database, "SELECT unit_id, cost FROM incentive_grant WHERE state = 'redeemed'")
    assert len({unit for unit, _ in granted}) == len(granted)
    ((spent,),) = rows(database, "SELECT spent FROM incentive_pot WHERE variant = 'progress'")
    assert spent == sum(cost for _, cost in granted)
    logged = rows(database, f"SELECT unit_id, value FROM event WHERE name = '{GRANT_EVENT}'")
    assert sorted(logged) == sorted(granted)
    assert budget_grants is None or len(granted) <= budget_grants
    return len(granted)


def test_a_unit_is_granted_once_and_a_repetition_gets_the_same_answer(database: Database) -> None:
    scope = open_offer(database)
    first = redeem(scope, a_claim(event_id="r1"))
    assert (first.granted, first.reason, first.repeated) == (True, "redeemed", False)
    again = redeem(scope, a_claim(event_id="r1"))
    assert (again.granted, again.reason, again.repeated) == (True, "redeemed", True)
    other = redeem(scope, a_claim(event_id="r2"))
    assert (other.granted, other.reason) == (False, "already_granted")
    assert redeem(scope, a_claim("acct_2", "r3")).granted
    assert assert_ledger_is_whole(database) == 2


def test_a_unit_has_one_grant_of_the_experiment_whichever_variant_it_names(database: Database) -> None:
    state = a_state_with({})
    progress = state.definition.variants[1]
    both = (*state.definition.variants, progress.model_copy(update={"key": "other"}))
    add_project(
        database,
        state.model_copy(update={"definition": state.definition.model_copy(update={"variants": both})}),
    )
    scope = a_scope(database)
    assert redeem(scope, a_claim(event_id="r1")).granted
    assert redeem(scope, a_claim(event_id="r2", variant="other")).reason == "already_granted"


def test_a_new_period_brings_a_new_grant(database: Database) -> None:
    open_offer(database, period_days=7)
    outcomes = [
        redeem(a_scope(database, timedelta(days=days)), a_claim(event_id=f"r{days}")).granted
        for days in range(21)
    ]
    assert sum(outcomes) in (3, 4), "21 days touch three or four periods of 7 days"


def test_an_event_id_names_one_grant_for_good(database: Database) -> None:
    scope = open_offer(database)
    redeem(scope, a_claim("acct_1", "r1"))
    with pytest.raises(Conflict, match="another grant"):
        redeem(scope, a_claim("acct_2", "r1"))


def test_without_once_per_unit_every_request_is_a_grant_of_its_own(database: Database) -> None:
    scope = open_offer(database, once_per_unit=False)
    assert [redeem(scope, a_claim(event_id=name)).granted for name in ("r1", "r2", "r2")] == [True] * 3
    assert len(rows(database, "SELECT id FROM incentive_grant")) == 2


def test_the_budget_is_held_to_the_last_grant(database: Database) -> None:
    scope = open_offer(database, budget="0.59")  # two grants of 0.20
    answers = [redeem(scope, a_claim(f"u{number}", f"r{number}")).reason for number in range(4)]
    assert answers == ["redeemed", "redeemed", "budget_spent", "budget_spent"]
    assert assert_ledger_is_whole(database) == 2


def test_a_spent_budget_is_published(database: Database) -> None:
    scope = open_offer(database, budget="0.40")
    revisions = []
    for number in range(3):
        redeem(scope, a_claim(f"u{number}", f"r{number}"))
        revisions.append(rows(database, "SELECT revision FROM project")[0][0])
    assert revisions == [0, 1, 1]


def test_an_offer_ends_when_it_says(database: Database) -> None:
    open_offer(database, ends_at=ENDS)
    before, after = (a_scope(database, timedelta(hours=hours)) for hours in (13.99, 14))
    assert redeem(before, a_claim("acct_1", "r1")).granted
    assert redeem(after, a_claim("acct_2", "r2")).reason == "ended"


def test_a_reservation_holds_its_part_of_the_budget_until_it_lapses(database: Database) -> None:
    scope = open_offer(database, budget="0.20", hold_hours=2)
    held = reserve(scope, a_claim("acct_1"))
    assert (held.granted, held.reason) == (True, "reserved")
    assert reserve(scope, a_claim("acct_1")).repeated
    assert redeem(scope, a_claim("acct_2", "r2")).reason == "budget_spent"
    later = a_scope(database, timedelta(hours=2))
    assert redeem(later, a_claim("acct_2", "r2")).granted
    assert redeem(later, a_claim("acct_1", "r1")).reason == "budget_spent"
    assert assert_ledger_is_whole(database) == 1


def test_what_was_reserved_is_redeemed_even_after_the_end_of_the_offer(database: Database) -> None:
    scope = open_offer(database, budget="0.20", hold_hours=48, ends_at=ENDS)
    assert reserve(scope, a_claim()).granted
    later = a_scope(database, timedelta(hours=20))
    assert redeem(later, a_claim()).granted
    assert redeem(later, a_claim(event_id="r2")).reason == "already_granted"
    assert assert_ledger_is_whole(database) == 1


def test_lapsed_reservations_are_given_back_and_published(database: Database) -> None:
    scope = open_offer(database, budget="0.20", hold_hours=1)
    reserve(scope, a_claim())
    now = scope.now + timedelta(hours=2)
    assert incentives.release_lapsed(database, now) == 1
    assert incentives.release_lapsed(database, now) == 0
    assert rows(database, "SELECT spent FROM incentive_pot WHERE variant = 'progress'") == [(0,)]
    assert rows(database, "SELECT revision FROM project") == [(2,)]  # spent, then free again


@pytest.mark.parametrize(
    ("status", "shipped", "granted"),
    [
        (Status.RUNNING, None, True),
        (Status.PAUSED, None, False),
        (Status.STOPPED, None, False),
        (Status.STOPPED, "progress", True),
        (Status.STOPPED, "control", False),
    ],
)
def test_only_what_serves_is_granted(
    database: Database, status: Status, shipped: str | None, granted: bool
) -> None:
    add_project(database, a_state_with({}, status=status, shipped=shipped))
    answer = redeem(a_scope(database), a_claim())
    assert (answer.granted, answer.reason == "not_running") == (granted, not granted)


def test_a_variant_without_incentive_and_unknown_names_are_told_apart(database: Database) -> None:
    scope = open_offer(database)
    assert redeem(scope, a_claim(variant="control")).reason == "no_incentive"
    with pytest.raises(NotFound, match="no variant"):
        redeem(scope, a_claim(variant="unheard-of"))


def test_the_ledger_lists_every_grant_newest_first(database: Database) -> None:
    scope = open_offer(database)
    for number in range(3):
        redeem(scope, a_claim(f"u{number}", f"r{number}"))
    reserve(scope, a_claim("u3", "r3"))
    first = incentives.ledger(scope, KEY, PageOf(limit=3))
    second = incentives.ledger(scope, KEY, PageOf(limit=3, cursor=first.next))
    assert [grant.unit_id for grant in (*first.items, *second.items)] == ["u3", "u2", "u1", "u0"]
    assert incentives.standings(scope, KEY) == [("progress", 3, 1, 800_000)]


def test_a_grant_is_counted_against_the_net_value_of_its_participant(database: Database) -> None:
    scope = open_offer(database)
    append(database, 1, [an_exposure("e1", "acct_1", variant="progress")])
    redeem(scope, a_claim())
    fold_everything(database, owner="test", now=START)
    found = derived(database)
    assert '"net_value":[-200000,0,0]' in str(found["participant"])
    assert '"cost_per_recharge":[200000,0,1]' in str(found["participant"])
    rebuild(database)
    assert derived(database) == found


def granted_by(*redeemers: Any) -> list[str]:
    units = [unit for one in redeemers for unit in one.communicate(timeout=120)[0].split()]
    assert [one.returncode for one in redeemers] == [0] * len(redeemers)
    return units


def test_two_processes_of_32_threads_redeem_one_grant_10_000_times(
    database_url: str, database: Database
) -> None:
    open_offer(database)
    redeemers = [
        start_redeemer(database_url, name, range(5_000), threads=32, own_unit=False) for name in "ab"
    ]
    assert granted_by(*redeemers) == ["acct_1"]
    assert assert_ledger_is_whole(database) == 1


def test_two_processes_of_32_threads_never_overspend(database_url: str, database: Database) -> None:
    open_offer(database, budget="20.00")  # 100 grants of 0.20
    redeemers = [start_redeemer(database_url, name, range(150), threads=32, own_unit=True) for name in "ab"]
    units = granted_by(*redeemers)
    assert len(units) == len(set(units)) == 100
    assert assert_ledger_is_whole(database, budget_grants=100) == 100


def test_killed_in_the_middle_nothing_is_granted_twice_or_over_budget(
    database_url: str, database: Database
) -> None:
    open_offer(database, budget="20.00")
    known: set[str] = set()
    for round_ in range(3):
        with start_redeemer(database_url, "k", range(150), threads=8, own_unit=True) as redeemer:
            assert redeemer.stdout is not None
            known |= {line.strip() for line, _ in zip(redeemer.stdout, range(20), strict=False)}
            redeemer.send_signal(signal.SIGKILL)
            known |= {line.strip() for line in redeemer.stdout}
        assert assert_ledger_is_whole(database, budget_grants=100) >= len(known) > 0, round_
    stored = {unit for (unit,) in rows(database, "SELECT unit_id FROM incentive_grant")}
    assert known <= stored, "what was answered is in the ledger"
    units = granted_by(start_redeemer(database_url, "k", range(150), threads=8, own_unit=True))
    assert len(units) == assert_ledger_is_whole(database, budget_grants=100) == 100
