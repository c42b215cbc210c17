"""Pages of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import InvalidInput
from service.use_cases.paging import Page, PageOf


def read_all(keys: list[str], limit: int) -> list[str]:
    """All items of a list, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        wanted = PageOf(limit, cursor)
        page = wanted.of([key for key in keys if key > wanted.after][: wanted.probe], str)
        assert len(page.items) <= limit
        found += page.items
        if page.next is None:
            return found
        cursor = page.next


@given(st.sets(st.text(min_size=1, max_size=8)), st.integers(1, 5))
def test_pages_together_are_the_list(keys: set[str], limit: int) -> None:
    encodable = sorted(key for key in keys if key.isprintable())
    assert read_all(encodable, limit) == encodable


def test_a_page_that_ends_with_the_list_has_no_next() -> None:
    assert PageOf(limit=2).of(["a", "b"], str) == Page(("a", "b"), None)


@pytest.mark.parametrize("cursor", ["!", "a", "é", "YQ", "////"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="no cursor"):
        _ = PageOf(cursor=cursor).after


def test_a_cursor_of_a_row_is_a_number() -> None:
    cursor = PageOf(limit=1).of([7, 8], int).next
    assert PageOf(cursor=cursor).before == 7
