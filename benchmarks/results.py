"""How long results take with few and with many events in the log: python3 -m benchmarks.results."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
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


def milliseconds(calls: list[Callable[[], Any]], repeats: int) -> list[float]:
    """The median time of each call. They take turns, so that a busy machine is busy for all of them.

    The first turn, which imports and fills caches, is not counted.
    """
    took: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats + 1):
        for call, times in zip(calls, took, strict=True):
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
    return [1e3 * statistics.median(times[1:]) for times in took]


def measure(counts: list[int], repeats: int) -> dict[str, list[float]]:
    """The milliseconds of each way, with each of these numbers of events."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in counts]
        databases = [filled(folder, count) for folder, count in zip(folders, counts, strict=True)]
        return {
            name: milliseconds([partial(way, *database) for database in databases], repeats)
            for name, way in WAYS.items()
        }


def main() -> None:
    """Prints the table; ends with 1 when many events take longer than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    found = measure([options.few, options.many], options.repeats)
    print(f"{'milliseconds':<20} {options.few:>10,} {options.many:>12,} events     ratio")
    for name, (few, many) in found.items():
        print(f"{name:<20} {few:>10.2f} {many:>12.2f} {many / few:>16.2f}")
    sys.exit(int(any(many > ALLOWED_RATIO * few for few, many in found.values())))


if __name__ == "__main__":
    main()
