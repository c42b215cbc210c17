"""Many runs of a scenario, spread over processes; what comes out does not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

import numpy as np

from experiments.simulation.run import Run, run
from experiments.simulation.scenario import Scenario

RUNS_AT_ONCE = 4
"""Runs that a worker is given at a time: few, so that an interrupted simulation ends within seconds."""


class Advance(Protocol):
    """Told how many more runs are done."""

    def __call__(self, amount: int, /) -> None: ...


def run_all(scenario: Scenario, *, runs: int, seed: int, processes: int, advance: Advance) -> list[Run]:
    """So many runs, each with a seed of its own, in the order of their seeds.

    Args:
        processes: How many work at it; 1 stays in this process.
        advance: Called as runs are done.

    Raises:
        ValueError: `runs` or `processes` is below 1.
    """
    if runs < 1 or processes < 1:
        raise ValueError(f"runs == {runs} and processes == {processes}, must be >= 1.")
    if processes == 1:
        return list(_alone(scenario, runs, seed, advance))
    places = [range(first, min(first + RUNS_AT_ONCE, runs)) for first in range(0, runs, RUNS_AT_ONCE)]
    return _together(scenario, places, seed, processes=min(processes, len(places)), advance=advance)


def _alone(scenario: Scenario, runs: int, seed: int, advance: Advance) -> Iterator[Run]:
    for place in range(runs):
        yield run(scenario, _random(seed, place))
        advance(1)


def _together(
    scenario: Scenario, places: Sequence[range], seed: int, *, processes: int, advance: Advance
) -> list[Run]:
    context = multiprocessing.get_context(
        "spawn"
    )  # a fork would copy the threads' locks of BLAS and terminal
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(scenario, seed))
    try:
        with _starting_workers():  # the pool starts one with each of the first submissions
            futures = [pool.submit(_some, place) for place in places[:processes]]
        futures += [pool.submit(_some, place) for place in places[processes:]]
        _wait(futures, advance)
        return [one for future in futures for one in future.result()]
    finally:
        pool.shutdown(cancel_futures=True)


def _wait(futures: Sequence[Future[list[Run]]], advance: Advance) -> None:
    for future in as_completed(futures):
        advance(len(future.result()))


@contextmanager
def _starting_workers() -> Iterator[None]:
    """While workers start, an interrupt is not theirs, and the program that starts them is not run again.

    Ctrl-C reaches every process of a terminal; only this one is to answer it, and a child that is started
    while the signal is blocked keeps it blocked. A worker imports `__main__` unless that has no file; a
    launcher without a guard would start the simulation once more in there.
    """
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Work:
    """What a worker process was given when it started."""

    scenario: Scenario
    seed: int


def _begin(scenario: Scenario, seed: int) -> None:
    _Work.scenario, _Work.seed = scenario, seed
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """Ends this worker once nobody waits for it: a process that is killed leaves its pool behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _some(places: range) -> list[Run]:
    return [run(_Work.scenario, _random(_Work.seed, place)) for place in places]


def _random(seed: int, place: int) -> np.random.Generator:
    """The generator of one run: that of the seed's child, as `SeedSequence.spawn` numbers its children."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
