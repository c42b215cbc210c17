"""What differs between two definitions, place by place: for `--dry-run`, the audit and the history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from experiments.model.complaints import Path
from experiments.model.faults import pointer

ABSENT = object()
_LONGEST = 120


class Difference(NamedTuple):
    """One place that differs. Parts with a `key`, as variants, are named by it and not by their number."""

    pointer: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.before} → {self.after}"


def difference(before: BaseModel | None, after: BaseModel | None) -> list[Difference]:
    """Every place in which two definitions differ; None is a definition that is not there."""
    return [
        Difference(pointer(path), _readable(old), _readable(new))
        for path, old, new in differing(_plain(before), _plain(after))
    ]


def differing(before: Any, after: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Each innermost place in which two JSON values differ, with both sides; `ABSENT` where there is none."""
    if before == after and type(before) is type(after):
        return
    old, new = _members(before), _members(after)
    if old is None or new is None:
        yield (), before, after
        return
    for name in (*new, *(name for name in old if name not in new)):
        for path, was, becomes in differing(old.get(name, ABSENT), new.get(name, ABSENT)):
            yield (name, *path), was, becomes


def _plain(definition: BaseModel | None) -> Any:
    return ABSENT if definition is None else definition.model_dump(mode="json", by_alias=True)


def _members(value: Any) -> Mapping[str | int, Any] | None:
    """The parts of an object or list by name, None for what has no parts."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    keys = [item.get("key") if isinstance(item, dict) else None for item in value]
    named = all(keys) and len(set(keys)) == len(keys)
    return dict(zip(keys if named else range(len(value)), value, strict=True))  # type: ignore[arg-type]


def _readable(value: Any) -> str:
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, str):
        text = repr(value)
    elif isinstance(value, dict):
        text = "{" + ", ".join(value) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(_readable(item) for item in value) + "]"
    else:
        text = json.dumps(value)  # not a table of True and False: 1 == True would be found in it
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
