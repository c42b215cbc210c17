"""What spotify-confidence answers. It runs where that is installed, not in the project's own environment."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from spotify_confidence import ChiSquared, StudentsTTest
from spotify_confidence.analysis.frequentist.sequential_bound_solver import bounds
from spotify_confidence.samplesize.sample_size_calculator import SampleSize

from tests.witnesses.inputs import PAIRS, RATES, SPLITS

Row = tuple[str, str, dict[str, Any]]
KEYS = {"estimate": "difference", "lower": "ci_lower", "upper": "ci_upper", "p_value": "p-value"}
LOOKS = {"five": [0.2, 0.4, 0.6, 0.8, 1.0], "uneven": [0.1, 0.45, 0.5, 0.9, 1.0], "two": [0.5, 1.0]}
POWERS = (1.0, 3.0)
"""Exponents of its spending function, alpha times a power of the information fraction."""
MARGIN = 0.05
"""Of the control's mean."""


def rows() -> Iterator[Row]:
    """Every answer: which method, on which input, and what came out."""
    warnings.simplefilter("ignore")
    for case, rates in RATES.items():
        frame = _frame([(n, x, x) for n, x in rates])
        test = ChiSquared(frame, "y", "n", "variant").difference("control", "treatment")
        yield "pooled_z", case, {"p_value": float(test["p-value"].iloc[0])}
    for case, pairs in PAIRS.items():
        yield from _means(case, pairs)
    for case, (observed, weights) in SPLITS.items():
        yield "chi_square", case, {"p_value": _split(observed, weights)}
    for case, looks in LOOKS.items():
        for power in POWERS:
            yield "bounds", f"{case}, exponent {power:g}", _bounds(looks, power)
    yield "sample_size_of_means", "half a deviation", {"total": _size_of_means()}


def _means(case: str, pairs: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> Iterator[Row]:
    sums = [(len(one), sum(y for y, _ in one), sum(y * y for y, _ in one)) for one in pairs]
    test = StudentsTTest(_frame(sums), "y", "yy", "n", "variant")
    yield "welch", case, _difference(test)
    margins = {"non_inferiority_margins": (MARGIN, "increase")}
    worse = test.difference("control", "treatment", **margins).iloc[0]
    found = {"bound": float(worse["ci_lower"]), "p_value": float(worse["p-value"])}
    yield "noninferior_means", case, {"margin": -float(worse["null_hypothesis"]), **found}
    summary = test.summary().iloc[0]
    mean = {"estimate": "point_estimate", "lower": "ci_lower", "upper": "ci_upper"}
    yield "mean", case, {key: float(summary[name]) for key, name in mean.items()}


def _frame(sums: list[tuple[int, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(sums, columns=["n", "y", "yy"])
    return frame.assign(variant=["control", "treatment"])


def _difference(test: Any) -> dict[str, float]:
    found = test.difference("control", "treatment").iloc[0]
    return {key: float(found[name]) for key, name in KEYS.items()}


def _split(observed: tuple[int, ...], weights: tuple[float, ...]) -> float:
    names = [f"v{place}" for place in range(len(observed))]
    frame = pd.DataFrame({"variant": names, "n": observed, "y": 1, "yy": 1})
    shares = {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}
    return float(StudentsTTest(frame, "y", "yy", "n", "variant").sample_ratio_test(shares)[0])


def _bounds(looks: list[float], power: float) -> dict[str, Any]:
    found = bounds(np.array(looks), alpha=0.05, rho=power, ztrun=8, sides=2)
    return {
        "looks": looks,
        "spent": [0.05 * t**power for t in looks],
        "bounds": list(map(float, found.bounds)),
    }


def _size_of_means() -> float:
    found = SampleSize.continuous(average_absolute_mde=0.5, baseline_variance=1.0, alpha=0.05, power=0.8)
    return float(found[0])
