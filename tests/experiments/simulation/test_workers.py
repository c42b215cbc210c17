"""Runs spread over processes: the same numbers however many there are, and no work left behind."""

from __future__ import annotations

import signal
import sys

import numpy as np
import pytest

from experiments.simulation.run import Run, run
from experiments.simulation.workers import run_all
from tests.experiments.simulation.builders import a_scenario


def runs_of(*, processes: int, seed: int = 3, runs: int = 9) -> list[Run]:
    """A few runs."""
    return run_all(a_scenario(), runs=runs, seed=seed, processes=processes, advance=lambda _: None)


def test_the_number_of_processes_changes_nothing_and_progress_is_told_until_all_is_done() -> None:
    told: list[int] = []
    together = run_all(a_scenario(), runs=9, seed=3, processes=2, advance=told.append)
    assert together == runs_of(processes=1)
    assert sum(told) == 9


def test_the_seed_changes_the_runs_and_more_runs_begin_with_the_same_ones() -> None:
    assert runs_of(processes=1) != runs_of(processes=1, seed=4)
    assert runs_of(processes=1, runs=12)[:9] == runs_of(processes=1)


def test_each_run_has_a_child_of_the_seed() -> None:
    children = np.random.SeedSequence(3).spawn(9)
    expected = [run(a_scenario(), np.random.default_rng(child)) for child in children]
    assert runs_of(processes=1) == expected


def test_progress_is_told_after_each_run() -> None:
    told: list[int] = []
    run_all(a_scenario(), runs=3, seed=1, processes=1, advance=told.append)
    assert told == [1, 1, 1]


def test_an_interrupt_ends_the_workers_and_leaves_the_process_as_it_was() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    before, main = signal.pthread_sigmask(signal.SIG_BLOCK, set()), sys.modules["__main__"]
    with pytest.raises(KeyboardInterrupt):
        run_all(a_scenario(), runs=400, seed=1, processes=2, advance=interrupt)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before
    assert sys.modules["__main__"] is main


@pytest.mark.parametrize(("runs", "processes"), [(0, 1), (1, 0)])
def test_nothing_to_do_or_nobody_to_do_it_is_refused(runs: int, processes: int) -> None:
    with pytest.raises(ValueError, match="must be >= 1"):
        run_all(a_scenario(), runs=runs, seed=1, processes=processes, advance=lambda _: None)
