"""Builders of stored events, and of a project that can receive them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from experiments.model.events import EventRecord, micro_units, microseconds
from experiments.model.state import ExperimentState
from service.storage import tables
from service.storage.database import Database
from service.storage.journal import append_now
from service.storage.log import Appended, Batch
from service.storage.pending import fold_everything
from tests.factories import A_MONDAY, a_metric, a_running_state, an_experiment

START = microseconds(A_MONDAY)
HOUR = 3_600_000_000
A_DAY = 24 * HOUR
SEGMENTS = ["plan"]


def metrics() -> tuple[Any, ...]:
    """At least one metric of each kind, all of the event `recharge` but the retention."""
    return (
        a_metric(key="recharge"),
        a_metric(key="recharge_value", kind="mean", event="recharge", window_days=7, currency="USD"),
        a_metric(key="recharge_count", kind="mean", event="recharge", value="count", window_days=7),
        a_metric(
            key="refund_share", kind="ratio", window_days=7,
            numerator={"event": "refund", "currency": "USD"},
            denominator={"event": "recharge", "currency": "USD"},
        ),
        a_metric(key="retained", kind="retention", event="api_call", from_day=1, to_day=3),
        a_metric(key="time_to_recharge", kind="time", event="recharge", window_days=7),
        a_metric(key="median_recharge", kind="quantile", event="recharge", window_days=7, currency="USD"),
        a_metric(key="capped", kind="mean", event="recharge", currency="USD", cap_quantile=0.9),
    )  # fmt: skip


def a_measured_state(key: str = "low-balance-framing", **fields: Any) -> ExperimentState:
    """A running experiment with one metric of each kind and the segment `plan`."""
    definition = an_experiment(
        key=key, plan={"primary": "recharge", "segments": SEGMENTS}, **fields.pop("experiment", {})
    )
    return a_running_state(definition=definition, metrics=metrics(), **fields)


def add_project(database: Database, *states: ExperimentState, name: str = "shop") -> tuple[int, list[int]]:
    """The id of a new project, and of its experiments in the order given."""
    with database.session() as session:
        project = tables.ProjectRow(name=name, created_at=A_MONDAY)
        session.add(project)
        session.flush()
        rows = [_experiment_row(project.id or 0, state) for state in states]
        session.add_all(rows)
        session.flush()
        return project.id or 0, [row.id or 0 for row in rows]


def _experiment_row(project_id: int, state: ExperimentState) -> tables.ExperimentRow:
    return tables.ExperimentRow(
        project_id=project_id,
        key=state.definition.key,
        error_code=state.definition.error_code,
        status=state.status,
        revision=state.revision,
        document=state.model_dump_json(),
        created_at=A_MONDAY,
        updated_at=A_MONDAY,
    )


def an_exposure(
    event_id: str,
    unit_id: str = "acct_1",
    *,
    at: int = 0,
    variant: str = "control",
    phase: int = 1,
    experiment_id: int = 1,
    counted: bool = True,
    fallback: bool = False,
    **context: Any,
) -> EventRecord:
    """A stored exposure, `at` microseconds after the experiment's start; received a second later."""
    payload = msgspec.json.encode({"context": context} | ({"fallback": True} if fallback else {})).decode()
    return EventRecord(
        event_id, "exposure", unit_id, None, experiment_id, variant, phase, START + at,
        START + at + 1_000_000, None, None, payload, hash((at, variant)) % 2**62, counted,
    )  # fmt: skip


def a_conversion(
    event_id: str,
    unit_id: str = "acct_1",
    *,
    at: int = HOUR,
    name: str = "recharge",
    value: str | None = "20.00",
    currency: str | None = "USD",
) -> EventRecord:
    """A stored conversion, `at` microseconds after the experiment's start; received a second later."""
    micros = None if value is None else micro_units(value)
    return EventRecord(
        event_id, "conversion", unit_id, name, None, None, None, START + at, START + at + 1_000_000,
        micros, currency, "{}", hash((at, name, value)) % 2**62, True,
    )  # fmt: skip


def append(database: Database, project_id: int, *batches: Sequence[EventRecord]) -> list[Appended]:
    """What became of the batches, one after the other; everything is folded afterwards."""
    outcomes = [append_now(database, [Batch(project_id, batch)])[0] for batch in batches]
    fold_everything(database, owner="test", now=START)
    return outcomes


DERIVED = (
    *(tables.ParticipantRow, tables.TallyRow, tables.TallyBinRow, tables.ExposureDayRow),
    tables.ConversionCountRow,
)


def derived(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows, in the order of their keys."""
    with database.reading() as connection:
        return {
            str(table.__tablename__): [tuple(row) for row in connection.execute(_all_rows(table))]
            for table in DERIVED
        }


def _all_rows(table: Any) -> Any:
    columns = tables.metadata.tables[table.__tablename__]
    return columns.select().order_by(*columns.primary_key)


def forget_derived(database: Database) -> None:
    """Deletes all derived rows, as if they had been lost."""
    with database.writing() as connection:
        for table in DERIVED:
            connection.execute(tables.metadata.tables[str(table.__tablename__)].delete())
