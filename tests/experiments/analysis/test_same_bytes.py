"""Same tallies, same bytes: in any order, in any parts, in any process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.analysis.analyze import analyze
from experiments.analysis.data import ExperimentData
from experiments.analysis.timeseries import timeseries
from experiments.model.tally import Tally
from tests.hostile import Crowd, crowds, hostile_data

ROOT = Path(__file__).parents[3]
Part = TypeVar("Part", bound=tuple[Any, ...])
IN_ANOTHER_PROCESS = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.experiments.analysis.test_same_bytes import a_busy_experiment, digest
print(digest(a_busy_experiment()))
"""

people = st.lists(crowds, min_size=1, max_size=8)


def written(data: ExperimentData) -> str:
    """Everything that is said of an experiment, as it goes over the wire."""
    documents = [analyze(data, segment="plan").document(), timeseries(data).document()]
    return json.dumps(documents, allow_nan=False)


def digest(data: ExperimentData) -> str:
    return hashlib.sha256(written(data).encode()).hexdigest()


def in_parts(found: Sequence[Part], cuts: Sequence[int]) -> list[Part]:
    """Every tally (the last member) as two that add up to it, where the cuts say so."""
    parts: list[Part] = []
    for place, one in enumerate(found):
        *where, tally = one
        share = cuts[place % len(cuts)]
        if share < 2 or tally.n < share:
            parts.append(one)
            continue
        small = _alike(tally, share)
        parts += [(*where, tally - small), (*where, small)]  # type: ignore[list-item]  # of the same members
    return parts


def _alike(tally: Tally, share: int) -> Tally:
    """A part of the participants of a tally, if all of them are alike; else nobody."""
    members = (tally.n, tally.total, tally.squares, tally.covariate, tally.covariate_squares)
    members = (*members, tally.cross, tally.conversions)
    if any(member % tally.n for member in members):
        return Tally()
    return Tally(*(member // tally.n * (tally.n // share) for member in members))


@settings(max_examples=20, deadline=None)
@given(people=people, data=st.data(), primary=st.sampled_from(["recharge", "value", "share", "capped"]))
def test_the_order_of_cells_bins_and_metrics_is_nothing(
    people: list[Crowd], data: st.DataObject, primary: str
) -> None:
    plain = hostile_data(people, primary=primary, mode="planned", by_segment=True)
    shuffled = hostile_data(
        people,
        primary=primary,
        mode="planned",
        by_segment=True,
        cells=data.draw(st.permutations(plain.cells)),
        bins=data.draw(st.permutations(plain.bins)),
        metrics=tuple(data.draw(st.permutations(plain.metrics))),
    )
    assert written(shuffled) == written(plain)


@settings(max_examples=20, deadline=None)
@given(people=people, cuts=st.lists(st.integers(1, 5), min_size=1, max_size=7))
def test_tallies_in_parts_are_the_tallies(people: list[Crowd], cuts: list[int]) -> None:
    """As shards of a table, or several days folded into one place, would bring them."""
    plain = hostile_data(people, primary="value", mode="open", by_segment=True)
    cells, bins = in_parts(plain.cells, cuts), in_parts(plain.bins, cuts)
    split = hostile_data(people, primary="value", mode="open", by_segment=True, cells=cells, bins=bins)
    assert written(split) == written(plain)


def test_parts_are_parts() -> None:
    tally = Tally(10, 50, 250, 0, 0, 0, 10)
    first, second = in_parts([("a", tally)], [3])
    assert (first[1].n, second[1].n) == (7, 3)
    assert first[1] + second[1] == tally


def a_busy_experiment() -> ExperimentData:
    """Several phases, segments and values of every metric, spelled out."""
    found = []
    for number in range(60):
        variant = ("control", "progress", "loss")[number % 3]
        value = (number * 7919 % 100 - 20) * 1_000_000
        found.append(
            Crowd(
                variant=variant,
                phase=1 + number // 25,
                day=number // 4,
                segment=("", "free", "pro")[number * 5 % 3],
                crossed=number % 29 == 0,
                count=20 + number * 31 % 50,
                measured={
                    "recharge": [number % 2, number % 3 > 1, number % 2],
                    "retained": [int(number % 5 < 2), 0, int(number % 5 < 2)],
                    "value": [value, value // 3, 1],
                    "capped": [value, value // 3, 1],
                    "share": [value, 2_000_000 + abs(value), 1],
                    "wait": [1 + number * 7_000_000_000, 0, 1],
                    "median": [value, 0, 1],
                    "median-paid": [value, 0, 1],
                },
            )
        )
    return hostile_data(found, primary="value", mode="planned", by_segment=True)


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_another_process_with_other_hashes_writes_the_same(seed: str) -> None:
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(ROOT)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(a_busy_experiment())


def test_the_busy_experiment_has_answers_of_every_kind() -> None:
    document = analyze(a_busy_experiment(), segment="plan").document()
    for metric in document["metrics"]:
        assert any(variant.get("absolute") for variant in metric["variants"]), metric["key"]
