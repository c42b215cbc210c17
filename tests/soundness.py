"""What no sound results document can say: numbers that are none, and answers that contradict each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

Json = dict[str, Any]

SHARES = ("p_value", "chance_", "share", "level", "weight", "power", "probability")


def members(document: Any, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every object of a document, with its place."""
    if isinstance(document, dict):
        yield path, document
    children = document.items() if isinstance(document, dict) else enumerate(document)
    for key, child in children:
        if isinstance(child, dict | list) and key != "unavailable":  # which holds reasons
            yield from members(child, f"{path}/{key}")


def faults(document: Json) -> list[str]:
    """What no true answer can say, with its place; nothing in a sound document."""
    found: list[str] = []
    for path, member in members(json.loads(json.dumps(document, allow_nan=False))):
        interval, estimate = member.get("interval"), member.get("estimate", member.get("mean"))
        if interval and estimate is not None and not _holds(interval, estimate):
            found.append(f"{path}: {estimate} is not in {interval}")
        for key, value in member.items():
            if isinstance(value, float) and key.startswith(SHARES) and not 0 <= value <= 1:
                found.append(f"{path}/{key}: {value} is no share")
            if key == "expected_loss" and value is not None and value < 0:
                found.append(f"{path}/{key}: a loss of {value}")
        if "/variants/" in path and "participants" in member and "key" in member:
            said = member.get("unavailable", {})
            found += [
                f"{path}/{key}: no number and no reason" for key in _missing(member) if not said.get(key)
            ]
    return found


def _holds(interval: Sequence[float], estimate: float) -> bool:
    slack = 1e-12 * max(abs(estimate), *map(abs, interval))
    return interval[0] - slack <= estimate <= interval[1] + slack


def _missing(member: Json) -> list[str]:
    return [key for key, value in member.items() if value is None]


def contradictions(document: Json) -> list[str]:
    """Where a relative answer says the opposite of the absolute one, or of the verdict."""
    found: list[str] = []
    for path, member in members(document["metrics"]):
        absolute, relative = member.get("absolute"), member.get("relative")
        if not absolute or not relative:
            continue
        if absolute["estimate"] * relative["estimate"] < 0:
            found.append(f"{path}: {absolute['estimate']} and {relative['estimate']}")
        if _side(absolute["interval"]) * _side(relative["interval"]) < 0:
            found.append(f"{path}: {absolute['interval']} and {relative['interval']}")
        if absolute["method"] != "newcombe" and _side(absolute["interval"]) != _side(relative["interval"]):
            found.append(
                f"{path}: only one of {absolute['interval']} and {relative['interval']} leaves out 0"
            )
    return found


def _side(interval: Sequence[float]) -> int:
    """1 where an interval is above 0, -1 where it is below, else 0; what is within rounding of 0 is at 0."""
    least = 1e-9 * (interval[1] - interval[0])
    return (interval[0] > least) - (interval[1] < -least)
