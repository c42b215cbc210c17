"""Builders around the ledger of incentives: an experiment that has one, and processes that redeem it."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

from experiments.model.incentive import GRANT_EVENT
from experiments.model.state import ExperimentState
from service.storage.database import Database
from service.use_cases.incentives import Claim
from service.use_cases.scope import ProjectRef, Scope
from tests.events import add_project
from tests.factories import A_MONDAY, a_metric, a_running_state, an_experiment, variant_document

KEY = "low-balance-framing"
INCENTIVE = {"kind": "bonus_units", "amount": 10, "unit_cost": "0.02", "currency": "USD"}


def net_value() -> Any:
    """What a participant recharges, less what was refunded and granted."""
    return a_metric(
        key="net_value", kind="mean", event="recharge", currency="USD", add=["refund"], subtract=[GRANT_EVENT]
    )


def cost_per_recharge() -> Any:
    """What grants cost for each recharge."""
    return a_metric(
        key="cost_per_recharge", kind="ratio", direction="decrease",
        numerator={"event": GRANT_EVENT, "currency": "USD"},
        denominator={"event": "recharge", "value": "count"},
    )  # fmt: skip


def a_state_with(incentive: dict[str, Any], key: str = KEY, **fields: Any) -> ExperimentState:
    """A running experiment whose variant `progress` has this incentive."""
    definition = an_experiment(
        key=key, variants=[variant_document(), variant_document("progress", incentive=INCENTIVE | incentive)]
    )
    return a_running_state(definition=definition, metrics=(net_value(), cost_per_recharge()), **fields)


def a_scope(database: Database, after: timedelta = timedelta(), project: int = 1) -> Scope:
    """The project that `add_project` has made, so long after the start."""
    return Scope(database, ProjectRef(project, "shop"), "cli", A_MONDAY + timedelta(hours=1) + after)


def open_offer(database: Database, **incentive: Any) -> Scope:
    """A project in which the incentive is on offer."""
    add_project(database, a_state_with(incentive))
    return a_scope(database)


def a_claim(unit_id: str = "acct_1", event_id: str = "r1", variant: str = "progress") -> Claim:
    """A unit that asks for the incentive."""
    return Claim(KEY, variant, unit_id, event_id)


# Threads of one process redeem as fast as they can: "acct_1" always, or a unit of its own for each call.
REDEEMER = """
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from service.storage.database import Database, StorageBusy
from service.use_cases.incentives import redeem
from tests.grants import a_claim, a_scope

url, name, first, last, threads, own_unit = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
scope = a_scope(Database(url, busy_seconds=60))

def ask(number):
    unit = f"u{number}" if own_unit else "acct_1"
    answer = redeem(scope, a_claim(unit, f"{name}-{number}"))
    if answer.granted:
        os.write(1, (unit + chr(10)).encode())  # whole or not at all, also when the process is killed

with ThreadPoolExecutor(threads) as pool:
    list(pool.map(ask, range(first, last)))
"""


def start_redeemer(
    url: str, name: str, calls: range, *, threads: int, own_unit: bool
) -> subprocess.Popen[str]:
    """A process of its own that redeems once for each number; it prints the units that were granted."""
    numbers = (str(number) for number in (calls.start, calls.stop, threads, int(own_unit)))
    command = [sys.executable, "-c", REDEEMER, url, name, *numbers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def at(text: str) -> datetime:
    """The moment that a text spells."""
    return datetime.fromisoformat(text)
