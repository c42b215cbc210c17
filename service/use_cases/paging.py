"""Lists in pages: an opaque cursor says after which item the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from experiments.errors import InvalidInput

Item = TypeVar("Item")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list, and where it goes on; `next` None when it does not."""

    items: tuple[Item, ...]
    next: str | None

    def map(self, change: Callable[[Item], Other]) -> Page[Other]:
        """The page with each item changed."""
        return Page(tuple(change(item) for item in self.items), self.next)


@dataclass(frozen=True, slots=True)
class PageOf:
    """Which page is asked for."""

    limit: int = 100
    cursor: str | None = None

    @property
    def probe(self) -> int:
        """How many items to load: one more than the page shows, to know whether there is a next one."""
        return self.limit + 1

    @property
    def after(self) -> str:
        """The key after which the page begins, "" for the first page.

        Raises:
            InvalidInput: The cursor is none of ours.
        """
        if self.cursor is None:
            return ""
        try:
            return base64.b64decode(self.cursor.encode(), altchars=b"-_", validate=True).decode()
        except (binascii.Error, UnicodeError):
            raise InvalidInput.at("/cursor", "is no cursor; send the `next` of an earlier page") from None

    @property
    def before(self) -> int | None:
        """The row before which the page begins, None for the first page.

        Raises:
            InvalidInput: The cursor is none of ours.
        """
        if self.cursor is None:
            return None
        if not (self.after.isascii() and self.after.isdecimal() and len(self.after) < 19):
            raise InvalidInput.at("/cursor", "is no cursor; send the `next` of an earlier page")
        return int(self.after)

    def of(self, items: Sequence[Item], key: Callable[[Item], object]) -> Page[Item]:
        """The page of the items that `probe` loaded."""
        shown = tuple(items[: self.limit])
        more = len(items) > self.limit
        return Page(shown, _cursor(str(key(shown[-1]))) if more else None)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()
