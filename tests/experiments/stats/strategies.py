"""Hypothesis strategies for counts and sums, with the corners that break formulas drawn often."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Sums
from experiments.stats.pair_sums import PairSums

Answer = TypeVar("Answer")
LARGE = 10**11

sizes = st.one_of(
    st.integers(0, 3),
    st.integers(0, 300),
    st.integers(0, 100_000),
    st.just(10**9),
    st.just(LARGE),
)


@st.composite
def counts(draw: st.DrawFn, *, least: int = 0, most: int = LARGE) -> Counts:
    """Any counts: none, one participant, nobody converted, everybody did, a hundred thousand million."""
    participants = min(max(draw(sizes), least), most)
    few = st.integers(0, min(participants, 25))
    conversions = draw(
        st.one_of(
            st.just(0),
            st.just(participants),
            few,
            few.map(lambda k: participants - k),
            st.integers(0, participants),
        )
    )
    return Counts(participants, conversions)


@st.composite
def sums(draw: st.DrawFn, *, least: int = 0) -> Sums:
    """Any sums that values can have: constant, tiny, huge, negative."""
    participants = max(draw(sizes), least)
    mean = draw(st.one_of(st.just(0), st.integers(-(10**12), 10**12), st.integers(-5, 5)))
    total = participants * mean + draw(st.integers(0, max(0, participants - 1)))
    fewest = -(-(total**2) // participants) if participants else 0
    extra = 0 if participants <= 1 else draw(st.one_of(st.just(0), st.integers(0, 10**24), st.integers(0, 9)))
    squares = total**2 if participants == 1 else fewest + extra
    return Sums(participants, total if participants else 0, squares if participants else 0)


def from_values(values: list[int], *, scale: int = 1) -> Sums:
    """The sums of given whole values."""
    return Sums(len(values), sum(values), sum(value * value for value in values), scale)


def from_pairs(pairs: list[tuple[int, int]], *, scale: int = 1, copies: int = 1) -> PairSums:
    """The sums of given whole (y, x), each of them `copies` times."""
    return PairSums(
        copies * len(pairs),
        copies * sum(y for y, _ in pairs),
        copies * sum(y * y for y, _ in pairs),
        copies * sum(x for _, x in pairs),
        copies * sum(x * x for _, x in pairs),
        copies * sum(x * y for y, x in pairs),
        scale,
    )


@st.composite
def pair_sums(draw: st.DrawFn) -> PairSums:
    """Any pair sums: none, one participant, constant, in proportion, an outlier of 10¹², 10¹¹ of them."""
    value = st.one_of(st.just(0), st.integers(0, 5), st.integers(-1000, 1000), st.just(10**12))
    pairs = draw(st.lists(st.tuples(value, value), max_size=8))
    if draw(st.booleans()):
        pairs = [(3 * x, x) for _, x in pairs]
    return from_pairs(
        pairs, scale=draw(st.sampled_from([1, 10**6])), copies=draw(st.sampled_from([1, 100, 10**10]))
    )


def answer_or_none(question: Callable[[], Answer]) -> Answer | None:
    """The answer, or None where the data cannot carry one; any other exception is a failure of the test."""
    try:
        return question()
    except NotEnoughData:
        return None
