"""Exclusion groups: experiments of one group share the units, each unit is in at most one of them.

A group is one draw of 2^64 buckets. An experiment of the group owns half-open ranges of them, its slots;
their total is its traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from experiments.errors import Conflict
from experiments.model.complaints import shown

SPACE = 1 << 64

Slot = tuple[int, int]
Slots = tuple[Slot, ...]


def edge(share: Fraction) -> int:
    """The first bucket that is no longer within this share of all buckets."""
    return int(share * SPACE)


def allocate(share: Fraction, *, held: Slots = (), taken: Mapping[str, Slots]) -> Slots:
    """Slots for this share of the group: what is held already stays as long as there is need of it.

    Args:
        share: The traffic that the experiment is to get, over 0 up to 1.
        held: The slots that it has now.
        taken: The slots of the other experiments of the group, by experiment.

    Raises:
        Conflict: There is not so much left; says who holds how much.
    """
    wanted = edge(share)
    kept = _first(held, wanted)
    missing = wanted - _size(kept)
    free = _gaps([*kept, *(slot for slots in taken.values() for slot in slots)])
    if _size(free) < missing:
        raise Conflict(_no_room(share, taken))
    return _joined([*kept, *_first(free, missing)])


def _first(slots: Iterable[Slot], wanted: int) -> Slots:
    """The first buckets of these slots, as many as are wanted or as there are."""
    found: list[Slot] = []
    for start, end in slots:
        if wanted > 0:
            found.append((start, min(end, start + wanted)))
            wanted -= end - start
    return tuple(found)


def _size(slots: Iterable[Slot]) -> int:
    return sum(end - start for start, end in slots)


def _gaps(slots: Iterable[Slot]) -> list[Slot]:
    """What these slots leave free, lowest first."""
    free: list[Slot] = []
    reached = 0
    for start, end in sorted(slots):
        if start > reached:
            free.append((reached, start))
        reached = max(reached, end)
    return [*free, (reached, SPACE)] if reached < SPACE else free


def _joined(slots: Iterable[Slot]) -> Slots:
    joined: list[Slot] = []
    for start, end in sorted(slots):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _no_room(share: Fraction, taken: Mapping[str, Slots]) -> str:
    holders = ", ".join(
        f"{shown(key)} holds {_decimal(_size(slots))}" for key, slots in sorted(taken.items())
    )
    left = SPACE - _size(_joined(slot for slots in taken.values() for slot in slots))
    return (
        f"traffic {float(share):g} is more than the {_decimal(left)} left in the exclusion group: {holders};"
        " lower the traffic, or stop one of those"
    )


def _decimal(buckets: int) -> str:
    return f"{buckets / SPACE:.4g}"
