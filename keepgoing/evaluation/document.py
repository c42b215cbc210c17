"""Reading a wire document member by member, so that whatever is wrong is named by its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.hashing import BUCKETS

TYPES = {dict: "an object", list: "a list", str: "text", int: "a whole number", bool: "true or false"}


class Place:
    """One value of a document with its JSON pointer."""

    __slots__ = ("pointer", "value")

    def __init__(self, value: object, pointer: str = "") -> None:
        self.value = value
        self.pointer = pointer

    def fault(self, detail: str) -> InvalidRuleset:
        """The error to raise about this place."""
        return InvalidRuleset(detail, pointer=self.pointer)

    def __getitem__(self, key: str | int) -> Place:
        """The member or element of that name, which may be missing: then its value is None."""
        value = self.value
        if isinstance(value, list) and isinstance(key, int):
            found = value[key]
        else:
            found = self.mapping().get(str(key))
        return Place(found, f"{self.pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")

    @property
    def absent(self) -> bool:
        """Whether there is nothing here: missing, or null."""
        return self.value is None

    def mapping(self) -> Mapping[str, object]:
        """The object that stands here."""
        value = self.value
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        raise self._expected("an object")

    def members(self) -> Iterator[tuple[str, Place]]:
        """Each member of the object that stands here; none when it is absent."""
        if not self.absent:
            for key in self.mapping():
                yield key, self[key]

    def elements(self) -> list[Place]:
        """Each element of the list that stands here."""
        if not isinstance(self.value, list):
            raise self._expected("a list")
        return [self[index] for index in range(len(self.value))]

    def text(self) -> str:
        """The text that stands here, never empty."""
        if not isinstance(self.value, str):
            raise self._expected("text")
        if not self.value:
            raise self.fault("must not be empty")
        return self._encodable(self.value)

    def whole(self, *, least: int, most: int | None = None) -> int:
        """The whole number that stands here, within its bounds."""
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._expected("a whole number")
        if value < least or (most is not None and value > most):
            bound = f"must be >= {least}" if most is None else f"must be {least} to {most}"
            raise self.fault(f"is {value}, {bound}")
        return value

    def edge(self) -> int:
        """The edge that stands here: a decimal string from 0 to 2^64."""
        value = self.value
        if not isinstance(value, str) or not value.isascii() or not value.isdecimal() or len(value) > 20:
            raise self.fault('must be an edge: a decimal string from "0" to "18446744073709551616"')
        if int(value) > BUCKETS:
            raise self.fault(f"is {value}, must be at most 2^64")
        return int(value)

    def json(self) -> object:
        """A copy of the JSON value that stands here, whatever it is."""
        value = self.value
        if isinstance(value, Mapping):
            return {key: place.json() for key, place in self.members()}
        if isinstance(value, list):
            return [place.json() for place in self.elements()]
        if isinstance(value, str):
            return self._encodable(value)
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
            return value
        raise self._expected("a JSON value")

    def _encodable(self, text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self.fault("holds a lone surrogate, which is no text") from None
        return text

    def _expected(self, what: str) -> InvalidRuleset:
        found = "missing" if self.absent else TYPES.get(type(self.value), type(self.value).__name__)
        return self.fault(f"is {found}, must be {what}")
