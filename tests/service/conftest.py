"""A service for each test, on the database that the run is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api_client import Site


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A service with two projects and nothing in them."""
    opened = Site(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service on SQLite that the tests of one file share: for those that store nothing."""
    opened = Site(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'keepgoing.db'}", wrong_keys_limit=10_000)
    yield opened
    opened.close()
