"""Buckets: a 64-bit integer of a salt and a unit, the same in every process, version and language."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

BUCKETS = 1 << 64
"""Buckets run from 0 up to, not including, this; the last edge of every split is this."""


def bucket(salt: str, unit_id: str) -> int:
    """The bucket of a unit in the draw that `salt` names, from 0 to 2^64 - 1."""
    return bucketer(salt)(unit_id)


def bucketer(salt: str) -> Callable[[str], int]:
    """The function from a unit id to its bucket in the draw that `salt` names."""
    draw = drawer(salt)
    return lambda unit_id: int.from_bytes(draw(unit_id.encode()), "big")


def drawer(salt: str) -> Callable[[bytes], bytes]:
    """The function from a unit id in UTF-8 to its bucket as eight big-endian bytes.

    Such bytes order as their numbers do, so edges in the same form need no integer made per call. The salt is
    hashed once, here: a draw copies that state.
    """
    salted = salted_state(salt)

    def draw(unit: bytes) -> bytes:
        state = salted.copy()
        state.update(unit)
        return state.digest()

    return draw


def salted_state(salt: str) -> blake2b:
    """The hash state of a draw before any unit: to be copied, never updated."""
    return blake2b(salt.encode() + b"\x00", digest_size=8)


def edge_bytes(edge: int) -> bytes:
    """An edge below 2^64 in the form that `drawer` answers in."""
    return edge.to_bytes(8, "big")
