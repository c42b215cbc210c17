"""Assignment as docs/ruleset.md words it, step by step and in no hurry: the witness of the compiled one.

It reads the wire document at every call and shares no line with the product. Targeting is `all` of `in` only,
and messages are plain texts: what it is here to witness are draws, and the order of the gates.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any


def bucket(salt: str, unit_id: str) -> int:
    """The bucket of a unit in a draw."""
    digest = blake2b(salt.encode() + b"\0" + unit_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def assignment(ruleset: dict[str, Any], code: str, unit_id: str, context: dict[str, Any]) -> dict[str, Any]:
    """Reason, experiment and variant."""
    keys = ruleset["error_codes"][code]["experiments"]
    holdout = ruleset["holdout"]
    if holdout and bucket(holdout["salt"], unit_id) < int(holdout["edge"]):
        return answer("holdout", keys[0] if keys else None)
    found = [one_experiment(ruleset["experiments"][key], key, unit_id, context) for key in keys]
    taken = [each for each in found if each["reason"] not in ("not_targeted", "not_in_traffic")]
    return next(iter(taken + found), answer("no_experiment", None))


def one_experiment(rules: dict[str, Any], key: str, unit_id: str, context: dict[str, Any]) -> dict[str, Any]:
    """What one experiment says of a unit."""
    if unit_id in rules["forced"]:
        return answer("forced", key, rules["forced"][unit_id])
    targeting = rules["targeting"] or {"all": []}
    if not all(context.get(each["attribute"]) in each["value"] for each in targeting["all"]):
        return answer("not_targeted", key)
    if rules["shipped"]:
        return answer("shipped", key, rules["shipped"])
    if rules["exclusion"] and not any(slots_that_hold(rules["exclusion"], unit_id)):
        return answer("not_in_traffic", key)
    if bucket(rules["salts"]["traffic"], unit_id) >= int(rules["traffic_edge"]):
        return answer("not_in_traffic", key)
    if any(name not in context for name in rules["needs"]):
        return answer("fallback", key, rules["control"])
    drawn = bucket(rules["salts"]["variant"], unit_id)
    return answer("split", key, next(v["key"] for v in rules["variants"] if int(v["edge"]) > drawn))


def slots_that_hold(exclusion: dict[str, Any], unit_id: str) -> Iterator[bool]:
    """Whether each slot of an exclusion group holds the unit."""
    drawn = bucket(exclusion["salt"], unit_id)
    return (int(start) <= drawn < int(end) for start, end in exclusion["slots"])


def answer(reason: str, experiment: str | None, variant: str | None = None) -> dict[str, Any]:
    """The assignment as the vectors hold it."""
    return {"reason": reason, "experiment": experiment, "variant": variant}
