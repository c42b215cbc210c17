"""Assignment: which variant a unit gets, by salts and unit id alone, compiled once per ruleset."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from keepgoing.evaluation.hashing import BUCKETS, drawer, edge_bytes, salted_state
from keepgoing.evaluation.message import Wordings
from keepgoing.evaluation.targeting import Context, Matches

LONGEST_UNIT_ID = 256
"""Characters."""

SPLIT = "split"
FORCED = "forced"
SHIPPED = "shipped"
HOLDOUT = "holdout"
NOT_TARGETED = "not_targeted"
NOT_IN_TRAFFIC = "not_in_traffic"
NO_EXPERIMENT = "no_experiment"
FALLBACK = "fallback"


_encode = str.encode  # refuses whatever is no text, and ignores what a subclass makes of it


class Outcome:
    """One way in which a decision can end: its facts and wordings, made once, shared by all who end there.

    `answers` says whether it ends the search; `rescue` is what to answer when no wording can be rendered;
    `identity` tells exposures apart within a process.
    """

    __slots__ = (
        "answers", "error_code", "experiment", "identity", "is_control", "is_exposure", "phase", "reason",
        "rescue", "revision", "segments", "variant", "wordings",
    )  # fmt: skip

    def __init__(
        self,
        reason: str,
        error_code: str,
        wordings: Wordings,
        *,
        experiment: ExperimentFacts | None = None,
        variant: str | None = None,
        is_control: bool = False,
        rescue: Outcome | None = None,
    ) -> None:
        self.reason = reason
        self.error_code = error_code
        self.wordings = wordings
        self.experiment = experiment.key if experiment else None
        self.revision = experiment.revision if experiment else None
        self.phase = experiment.phase if experiment else None
        self.variant = variant
        self.is_control = is_control
        self.rescue = rescue
        self.answers = reason not in (NOT_TARGETED, NOT_IN_TRAFFIC)
        self.is_exposure = reason == SPLIT
        self.segments = experiment.segments if experiment and self.is_exposure else ()
        self.identity = hash((self.experiment, self.phase, variant))

    def facts(self) -> dict[str, Any]:
        """What an exposure says of the assignment."""
        return {
            "error_code": self.error_code,
            "experiment": self.experiment,
            "variant": self.variant,
            "phase": self.phase,
            "revision": self.revision,
        }


class ExperimentFacts(NamedTuple):
    """What every outcome of an experiment carries."""

    key: str
    revision: int
    phase: int
    segments: tuple[str, ...]


class Split(NamedTuple):
    """The variant draw: the outcome taken is the one whose edge is the first above the unit's bucket.

    `inner` are the edges below 2^64 in the form of `edge_bytes`, in order; `outcomes` has one for each edge.
    """

    salted: blake2b
    inner: Sequence[bytes]
    outcomes: Sequence[Outcome]


class Gates(NamedTuple):
    """What a unit passes on its way to a variant, in this order. None is an open gate, and costs nothing."""

    forced: Mapping[str, Outcome]
    targeting: Matches | None
    shipped: Outcome | None
    in_group: Callable[[bytes], bool] | None
    in_traffic: Callable[[bytes], bool] | None
    needs: Matches | None
    split: Split


Take: TypeAlias = Callable[[str, bytes, Context], Outcome]
Assign: TypeAlias = Callable[[str, Context], Outcome]


def split_at(salt: str, edges: Sequence[int], outcomes: Sequence[Outcome]) -> Split:
    """The variant draw over these edges.

    Args:
        salt: Of the variant draw.
        edges: In order, from 0 to 2^64; the last must be 2^64.
        outcomes: One for each edge.
    """
    return Split(salted_state(salt), [edge_bytes(edge) for edge in edges if edge < BUCKETS], outcomes)


def below(salt: str, edge: int) -> Callable[[bytes], bool]:
    """Whether a unit's bucket lies below the edge, which is under 2^64."""
    draw = drawer(salt)
    limit = edge_bytes(edge)
    return lambda unit: draw(unit) < limit


def within(salt: str, slots: Sequence[tuple[int, int]]) -> Callable[[bytes], bool]:
    """Whether a unit's bucket lies in one of the half-open slots."""
    draw = drawer(salt)

    def inside(unit: bytes) -> bool:
        number = int.from_bytes(draw(unit), "big")
        return any(start <= number < end for start, end in slots)

    return inside


def taker(gates: Gates, *, not_targeted: Outcome, not_in_traffic: Outcome, unprepared: Outcome) -> Take:
    """The function that leads a unit through one experiment's gates."""
    forced, targeting, shipped, in_group, in_traffic, needs, (salted, inner, outcomes) = gates

    def take(unit_id: str, unit: bytes, context: Context) -> Outcome:
        if forced and unit_id in forced:
            return forced[unit_id]
        if targeting is not None and not targeting(context):
            return not_targeted
        if shipped is not None:
            return shipped
        if in_group is not None and not in_group(unit):
            return not_in_traffic
        if in_traffic is not None and not in_traffic(unit):
            return not_in_traffic
        if needs is not None and not needs(context):
            return unprepared
        state = salted.copy()  # as in `drawer`, without the cost of a call
        state.update(unit)
        return outcomes[bisect_right(inner, state.digest())]

    return take


def assigner(
    takes: Sequence[Take],
    *,
    no_experiment: Outcome,
    in_holdout: Callable[[bytes], bool] | None,
    held_out: Outcome,
) -> Assign:
    """The function from a unit and its context to the outcome of the first experiment that takes it.

    It raises `ValueError` or `TypeError` for a unit id that cannot be assigned, as `unit_bytes` does.
    """

    def assign(unit_id: str, context: Context) -> Outcome:
        if not 0 < len(unit_id) <= LONGEST_UNIT_ID or "\0" in unit_id:  # as in `unit_bytes`, without a call
            raise ValueError("unit_id is unfit")
        unit = _encode(unit_id)
        if in_holdout is not None and in_holdout(unit):
            return held_out
        passed = None
        for take in takes:
            outcome = take(unit_id, unit, context)
            if outcome.answers:
                return outcome
            passed = passed or outcome
        return passed or no_experiment

    return assign


def unit_bytes(unit_id: str) -> bytes:
    """The unit id in UTF-8.

    Raises:
        ValueError: It is empty, has over 256 characters, or holds a NUL or a lone surrogate.
        TypeError: It is not text.
    """
    unit = _encode(unit_id)
    if not 0 < len(unit_id) <= LONGEST_UNIT_ID or "\0" in unit_id:
        raise ValueError(f"unit_id must have 1 to {LONGEST_UNIT_ID} characters and no NUL")
    return unit


def fits(unit_id: object) -> TypeGuard[str]:
    """Whether a unit id can be assigned: text of 1 to 256 characters, without NUL and lone surrogates."""
    try:
        unit_bytes(unit_id)  # type: ignore[arg-type]  # what is no text raises, which is the question
    except Exception:  # a subclass of str may raise anything
        return False
    return True
