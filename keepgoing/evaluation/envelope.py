"""The envelope of an error code: status, headers and the body with its slots, equal for every variant."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONEncoder
from typing import Any, TypeAlias

from keepgoing.evaluation.document import Place

Path: TypeAlias = tuple[str | int, ...]

SLOTS = ("detail", "actions", "incentive", "progress", "decision_id")
"""What a message fills in; slots of other names are left as the body has them."""

_encoder = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Envelope:
    """The shape that all answers of one error code share. Immutable: what it hands out are copies."""

    __slots__ = ("headers", "skeleton", "slots", "status")

    def __init__(
        self, status: int, headers: Mapping[str, str], skeleton: object, slots: Mapping[str, tuple[Path, ...]]
    ) -> None:
        self.status = status
        self.headers = headers
        self.skeleton = skeleton
        self.slots = slots

    def fill(self, values: Mapping[str, object]) -> Any:
        """A new body with the values in their slots; a value without a slot is not shown."""
        body = clone(self.skeleton)
        for name, paths in self.slots.items():
            for path in paths:
                _put(body, path, clone(values[name]))
        return body


def clone(value: Any) -> Any:
    """A copy of a JSON value that shares nothing with it that could change."""
    if value.__class__ is dict:
        return {key: clone(member) for key, member in value.items()}
    if value.__class__ is list:
        return [clone(element) for element in value]
    return value


def encode(body: object) -> bytes:
    """The body as compact JSON in UTF-8."""
    return _encoder.encode(body).encode()


def compile_envelope(place: Place) -> Envelope:
    """The envelope that stands in an error code's definition.

    Raises:
        InvalidRuleset: Status, headers, body or slots are malformed, or a slot's path leads nowhere.
    """
    skeleton = place["body"].json()
    headers = {name: value.text() for name, value in place["headers"].members()}
    given = [(name, place["slots"][name]) for name in SLOTS]
    slots = {name: _paths(paths, skeleton) for name, paths in given if not paths.absent}
    return Envelope(place["status"].whole(least=100, most=599), headers, skeleton, slots)


def _paths(place: Place, skeleton: object) -> tuple[Path, ...]:
    return tuple(_path(element, skeleton) for element in place.elements())


def _path(place: Place, skeleton: object) -> Path:
    steps = tuple(_step(step) for step in place.elements())
    if not steps:
        raise place.fault("must not be an empty path")
    target = skeleton
    for step in steps:
        target = _member(target, step, place)
    return steps


def _step(place: Place) -> str | int:
    return place.whole(least=0) if isinstance(place.value, int) else place.text()


def _member(target: object, step: str | int, place: Place) -> object:
    if isinstance(target, dict) and step in target:
        return target[step]
    if isinstance(target, list) and isinstance(step, int) and step < len(target):
        return target[step]
    raise place.fault(f"leads nowhere: the body has no {step!r} there")


def _put(body: Any, path: Path, value: object) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value
