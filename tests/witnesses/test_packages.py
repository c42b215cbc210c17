"""Other packages' answers to the questions of `inputs`, and ours: to 1e-9, or with the reason why not."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest

from experiments.stats import proportion, sequential
from tests.witnesses.generate import PACKAGES, VECTORS
from tests.witnesses.ours import OURS, Answer, rates, values

ANSWERS: dict[str, dict[str, Any]] = json.loads(VECTORS.read_text())

LOOSER: dict[tuple[str, str], tuple[float, str]] = {
    ("savvi", "bernoulli_e_value"): (1e-6, "a convex solver finds it, to the solver's tolerance"),
    ("spotify-confidence", "bounds"): (
        2e-4,
        "its bounds come off a grid of trapezoids, each is sought to 1e-7, and each side is spent by itself",
    ),
    ("spotify-confidence", "sample_size_of_means"): (
        0.02,
        "it takes z for t, one participant a variant less",
    ),
}
"""Where the formula or the arithmetic is another: how far apart they may be, and why."""
BY_SUBTRACTION = {"gbstats": 1e-15, "spotify-confidence": 1e-15}
"""They have p-values from 1 - cdf, so what is smaller than a float's precision is lost in them."""
ALL = [
    pytest.param(package, one, id=f"{package}: {one['method']} of {one['case']}")
    for package, found in sorted(ANSWERS.items())
    for one in found["answers"]
]


def flat(answer: Answer, keys: list[str]) -> list[Any]:
    """The numbers of an answer in one list, in the order of the keys."""
    rows = (answer[key] if isinstance(answer[key], list) else [answer[key]] for key in keys)
    return list(chain.from_iterable(rows))


@pytest.mark.parametrize(("package", "said"), ALL)
def test_another_package_has_the_same_answer(package: str, said: dict[str, Any]) -> None:
    ours = OURS[said["method"]](said["case"], said["answer"])
    keys = sorted(said["answer"])
    bound, _ = LOOSER.get((package, said["method"]), (1e-9, ""))
    least = BY_SUBTRACTION.get(package, 0.0)
    assert flat(ours, keys) == pytest.approx(flat(said["answer"], keys), rel=bound, abs=least)


@pytest.mark.parametrize(("package", "method"), sorted(LOOSER))
def test_a_looser_bound_is_needed_where_there_is_one(package: str, method: str) -> None:
    found = [one for one in ANSWERS[package]["answers"] if one["method"] == method]
    same = [
        flat(OURS[method](one["case"], one["answer"]), sorted(one["answer"]))
        == pytest.approx(flat(one["answer"], sorted(one["answer"])), rel=1e-9)
        for one in found
    ]
    assert found
    assert not all(same)


def test_every_package_that_can_be_asked_has_answered() -> None:
    assert set(ANSWERS) == set(PACKAGES)
    assert all(found["version"] and found["answers"] for found in ANSWERS.values())


def test_every_question_is_answered_by_somebody() -> None:
    asked = {one["method"] for found in ANSWERS.values() for one in found["answers"]}
    assert asked == set(OURS)


def test_where_the_smaller_variant_varies_more_the_whole_sequence_is_gbstats() -> None:
    """There the unpooled error, which gbstats always takes, is the greater; elsewhere ours is the wider."""
    said = {(one["method"], one["case"]): one["answer"] for one in ANSWERS["gbstats"]["answers"]}
    found = sequential.confidence_sequence(*values("wild treatment"), 0.95, 5000)
    theirs = said["sequence_of_means", "wild treatment"]
    assert [found.interval.lower, found.interval.upper] == pytest.approx(
        [theirs["lower"], theirs["upper"]], rel=1e-9
    )
    wider = sequential.confidence_sequence(*rates("uneven"), 0.95, 5000)
    theirs = said["sequence_of_rates", "uneven"]
    assert wider.interval.contains(theirs["upper"]) or wider.interval.contains(theirs["lower"])


def test_the_relative_intervals_differ_from_ours_as_their_approximations_do() -> None:
    """Fieller's here; the delta method in gbstats, which covers 89.7 % where Fieller's covers 95 %.

    (500 participants, 1 %, by full enumeration.) At many conversions they come together.
    """
    said = {(one["method"], one["case"]): one["answer"] for one in ANSWERS["gbstats"]["answers"]}
    theirs = said["lift", "cookie-cats"]
    interval = proportion.relative(*rates("cookie-cats"), 0.95).interval
    reach = 1.959963984540054 * theirs["standard_error"]
    assert interval.lower == pytest.approx(theirs["estimate"] - reach, abs=1e-3)
    assert interval.upper == pytest.approx(theirs["estimate"] + reach, abs=1e-3)
    assert interval.lower != pytest.approx(theirs["estimate"] - reach, abs=1e-5)
