"""Validated definitions, or every fault of the data with its JSON pointer; for API and command line alike."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, overload

from pydantic import BaseModel, TypeAdapter, ValidationError

from experiments.errors import Fault, InvalidInput
from experiments.model.complaints import Path, complaints

MAX_DEPTH = 32
MAX_VALUES = 200_000
MAX_FAULTS = 100  # of one document; who has more will find them after the first hundred

ModelT = TypeVar("ModelT", bound=BaseModel)
T = TypeVar("T")


@overload
def validated(shape: type[ModelT], data: Any, pointer_prefix: str = "") -> ModelT: ...
@overload
def validated(shape: TypeAdapter[T], data: Any, pointer_prefix: str = "") -> T: ...
def validated(shape: Any, data: Any, pointer_prefix: str = "") -> Any:
    """The definition that the data describe.

    Args:
        shape: A model, or the adapter of a union of models.
        data: What JSON or YAML gave: objects, lists, text, numbers, true, false and null.
        pointer_prefix: The JSON pointer of `data` in the document that it is part of.

    Raises:
        InvalidInput: With a pointer and a remedy for each fault.
    """
    _bounded(data, pointer_prefix)
    try:
        if isinstance(shape, TypeAdapter):
            return shape.validate_python(data)
        return shape.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(faults_at(pointer_prefix, complaints(error, data))) from None


def faults_at(prefix: str, found: Iterable[tuple[Path, str]]) -> list[Fault]:
    """The faults with their JSON pointers, behind that of the whole."""
    return [Fault(prefix + pointer(path), detail) for path, detail in found][:MAX_FAULTS]


def pointer(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a place, with lone surrogates escaped so that it can be sent."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{step}" for step in steps).encode("utf-8", "backslashreplace").decode()


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence that nothing has this name, with the nearest that there is."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"no {what} is called {name!r}; did you mean {near[0]!r}?"
    listed = ", ".join(names[:10]) or "none yet"
    return f"no {what} is called {name!r}; there are: {listed}"


def _bounded(data: Any, prefix: str) -> None:
    """Nothing, when the data can be walked through: also in cyclic YAML, and with aliases counted each time.

    Raises:
        InvalidInput: They are too deep or too many.
    """
    level, seen = [data], 0
    for _ in range(MAX_DEPTH + 1):
        level = [child for value in level for child in _children(value)]
        seen += len(level)
        if seen > MAX_VALUES:
            raise InvalidInput.at(prefix, f"has more than {MAX_VALUES} values; split it")
        if not level:
            return
    raise InvalidInput.at(prefix, f"is nested more than {MAX_DEPTH} levels deep")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
