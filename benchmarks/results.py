"""How long results take with few and with many events in the log: python3 -m benchmarks.results."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.events import START, cut, events, prepare
from service.storage import tallies
from service.storage.database import Database
from service.storage.journal import Journal
from service.use_cases.results import results
from service.use_cases.scope import ProjectRef, Scope

ALLOWED_RATIO = 1.5
BATCH = 1_000


def read_cells(database: Database, _project_id: int) -> int:
    """Reads all that the analysis reads of everybody; the number of cells."""
    with database.reading() as connection:
        return len(tallies.cells(connection, 1))


def analyse(database: Database, project_id: int) -> int:
    """Makes the whole results document; its length."""
    scope = Scope(database, ProjectRef(project_id, "benchmark"), "benchmark", START + timedelta(days=2))
    return len(json.dumps(results(scope, "low-balance-framing").document()))


WAYS: dict[str, Callable[[Database, int], int]] = {"reading the cells": read_cells, "whole results": analyse}


def filled(folder: Path, count: int) -> tuple[Database, int]:
    """A database into whose log this many events went by the journal."""
    database, project_id = prepare(f"sqlite:///{folder / 'x.db'}")
    journal = Journal(database)
    for done, batch in enumerate(cut(events(count), BATCH)):
        journal.append(project_id, batch)
        if done % 100 == 0:
            print(f"{done * BATCH:,} of {count:,} events stored", file=sys.stderr)
    journal.close()
    return database, project_id


def milliseconds(way: Callable[[], Any], repeats: int) -> float:
    """The median time of a call; the first one, which imports and fills caches, is not counted."""
    way()
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        way()
        took.append(time.perf_counter() - began)
    return 1e3 * statistics.median(took)


def measure(count: int, repeats: int) -> dict[str, float]:
    """The milliseconds of each way with this many events."""
    with tempfile.TemporaryDirectory() as folder:
        database, project_id = filled(Path(folder), count)
        found = {
            name: milliseconds(lambda way=way: way(database, project_id), repeats)  # type: ignore[misc]
            for name, way in WAYS.items()
        }
        database.dispose()
        return found


def main() -> None:
    """Prints the table; ends with 1 when many events take longer than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    few, many = measure(options.few, options.repeats), measure(options.many, options.repeats)
    print(f"{'milliseconds':<20} {options.few:>10,} {options.many:>12,} events     ratio")
    for name in WAYS:
        print(f"{name:<20} {few[name]:>10.2f} {many[name]:>12.2f} {many[name] / few[name]:>16.2f}")
    sys.exit(int(any(many[name] > ALLOWED_RATIO * few[name] for name in WAYS)))


if __name__ == "__main__":
    main()
