"""What storing and folding an event costs beside a plain insert: python3 -m benchmarks.events."""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from experiments.model.events import DAY, EventRecord, microseconds
from experiments.model.experiment import Experiment
from experiments.model.metric import METRIC
from experiments.model.state import ExperimentState
from service.storage import migrate
from service.storage.columns import EVENT, listed
from service.storage.database import Database
from service.storage.journal import append_now
from service.storage.log import Batch
from service.storage.tables import EventRow, ExperimentRow, ProjectRow

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SHARE_OF_CONVERSIONS = 0.05
UNITS_PER_EVENT = 0.6
MESSAGE = {"en": {"detail": "Insufficient balance."}}
METRICS = [
    {"key": "recharge", "kind": "conversion", "event": "recharge"},
    {"key": "recharge_value", "kind": "mean", "event": "recharge", "currency": "USD"},
    {"key": "support_contact", "kind": "conversion", "event": "support_contact"},
]
DEFINITION = {
    "key": "low-balance-framing",
    "error_code": "INSUFFICIENT_BALANCE",
    "variants": [
        {"key": "control", "control": True, "weight": 1, "message": MESSAGE},
        {"key": "progress", "weight": 1, "message": MESSAGE},
    ],
    "plan": {"primary": "recharge", "segments": ["plan"]},
}

Rows = list[EventRecord]


def events(count: int, *, seed: int = 1) -> Rows:
    """Exposures and conversions of a day, with ids in the order of time as the SDK makes them."""
    draw = random.Random(seed)
    units = [f"acct_{draw.getrandbits(40):x}" for _ in range(max(int(count * UNITS_PER_EVENT), 1))]
    began = microseconds(START)
    return [
        _event(number, draw.choice(units), began + number * DAY // count, draw) for number in range(count)
    ]


def _event(number: int, unit: str, at: int, draw: random.Random) -> EventRecord:
    event_id, received = f"0192{number:028x}", at + 40_000
    if draw.random() < SHARE_OF_CONVERSIONS:
        value = draw.randrange(1, 10_000) * 10_000
        return EventRecord(
            event_id, "conversion", unit, "recharge", None, None, None, at, received, value, "USD", "{}",
            number, True,
        )  # fmt: skip
    variant = "progress" if int(unit[-1], 16) & 1 else "control"
    payload = '{"context":{"plan":"pro"}}'
    return EventRecord(
        event_id, "exposure", unit, None, 1, variant, 1, at, received, None, None, payload, number, True
    )


def a_state() -> ExperimentState:
    """The running experiment that the events are of."""
    phase = {
        "number": 1,
        "opened_at": START,
        "shares": {"control": "1/2", "progress": "1/2"},
        "revision": 1,
        "reason": "start",
    }
    return ExperimentState(
        definition=Experiment.model_validate(DEFINITION),
        status="running",  # type: ignore[arg-type]  # read by Pydantic
        phases=(phase,),  # type: ignore[arg-type]
        started_at=START,
        metrics=tuple(METRIC.validate_python(metric) for metric in METRICS),
        salt="benchmark",
    )


def prepare(url: str) -> tuple[Database, int]:
    """A database with one running experiment, and its project's id."""
    migrate.upgrade(url)
    database, state = Database(url), a_state()
    with database.session() as session:
        project = ProjectRow(name="benchmark", created_at=START)
        session.add(project)
        session.flush()
        session.add(
            ExperimentRow(
                project_id=project.id or 0, key=state.definition.key, error_code=state.definition.error_code,
                status=state.status, revision=1, document=state.model_dump_json(), created_at=START,
                updated_at=START,
            )
        )  # fmt: skip
        return database, project.id or 0


def cut(rows: Sequence[EventRecord], size: int) -> Iterator[Sequence[EventRecord]]:
    """The rows in batches."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def plain_table(path: Path) -> sqlite3.Connection:
    """The base: the same columns, a unique id and two secondary indexes, as durable."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute(f"CREATE TABLE plain (seq INTEGER PRIMARY KEY, {listed(EVENT)})")
    connection.execute("CREATE UNIQUE INDEX by_id ON plain (project_id, event_id)")
    connection.execute("CREATE INDEX by_unit ON plain (project_id, unit_id, occurred_at)")
    connection.execute("CREATE INDEX by_experiment ON plain (experiment_id, variant, occurred_at)")
    return connection


def insert_plain(path: Path, rows: Rows, size: int) -> Callable[[Sequence[EventRecord]], Any]:
    """Fills the plain table half, and gives what inserts a batch."""
    connection = plain_table(path)
    marks = listed(["?"] * len(EVENT))
    statement = f"INSERT INTO plain ({listed(EVENT)}) VALUES ({marks}) ON CONFLICT DO NOTHING"

    def insert(batch: Sequence[EventRecord]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, [(1, *row) for row in batch])
        connection.execute("COMMIT")

    for batch in cut(rows, size):
        insert(batch)
    return insert


def store_and_fold(path: Path, rows: Rows, size: int) -> Callable[[Sequence[EventRecord]], Any]:
    """The same for our log with its fold."""
    database, project_id = prepare(f"sqlite:///{path}")

    def insert(batch: Sequence[EventRecord]) -> None:
        append_now(database, [Batch(project_id, batch)])

    for batch in cut(rows, size):
        insert(batch)
    return insert


def sqlmodel_add_all(path: Path, rows: Rows, size: int) -> Callable[[Sequence[EventRecord]], Any]:
    """The same with an object a row."""
    database, project_id = prepare(f"sqlite:///{path}")

    def insert(batch: Sequence[EventRecord]) -> None:
        with database.writing() as connection, Session(bind=connection) as session:
            session.add_all([EventRow(project_id=project_id, txid=None, **row._asdict()) for row in batch])
            session.flush()

    for batch in cut(rows[: len(rows) // 10], size):
        insert(batch)
    return insert


WAYS = {
    "plain two-index table": insert_plain,
    "log and fold": store_and_fold,
    "SQLModel add_all": sqlmodel_add_all,
}


def measure(insert: Callable[[Sequence[EventRecord]], Any], rows: Rows, size: int) -> dict[str, float]:
    """CPU microseconds a row, rows a second by the clock, and milliseconds of the slowest batches."""
    batches, took = list(cut(rows, size)), []
    cpu, wall = time.process_time(), time.perf_counter()
    for batch in batches:
        began = time.perf_counter()
        insert(batch)
        took.append(time.perf_counter() - began)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "cpu_us_per_row": 1e6 * cpu / len(rows),
        "rows_per_second": len(rows) / wall,
        "p99_ms": 1e3 * statistics.quantiles(took, n=100)[-1],
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="measured rows; as many are there before")
    parser.add_argument("--batch", type=int, nargs="*", default=[100, 500])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = events(2 * options.rows)
    before, measured = rows[: options.rows], rows[options.rows :]
    for size in options.batch:
        found = compare(before, measured, size, options.rounds)
        print(json.dumps({"batch": size, **found}) if options.json else table(size, found))


def compare(before: Rows, measured: Rows, size: int, rounds: int) -> dict[str, dict[str, float]]:
    """The median of each figure over rounds in which the ways take turns."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                results[name].append(measure(way(Path(folder) / "x.db", before, size), measured, size))
    return {
        name: {figure: statistics.median(one[figure] for one in many) for figure in many[0]}
        for name, many in results.items()
    }


def table(size: int, found: dict[str, dict[str, float]]) -> str:
    """The figures as text, relative to the plain table."""
    base = found["plain two-index table"]["cpu_us_per_row"]
    lines = [f"batch {size:>5}              CPU us/row    x plain     rows/s   p99 ms/batch"]
    for name, one in found.items():
        cpu, speed, slow = one["cpu_us_per_row"], one["rows_per_second"], one["p99_ms"]
        lines.append(f"{name:<24} {cpu:>10.1f} {cpu / base:>10.2f} {speed:>10.0f} {slow:>14.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
