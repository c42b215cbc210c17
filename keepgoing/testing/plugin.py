"""A pytest fixture; a host's conftest.py asks for it with `pytest_plugins = ["keepgoing.testing.plugin"]`."""

from __future__ import annotations

import pytest

from keepgoing.testing.fake import FakeClient


@pytest.fixture
def keepgoing_texts() -> dict[str, dict[str, str]]:
    """The texts that `keepgoing_client` knows, by error code and variant; a host overrides this fixture."""
    return {"INSUFFICIENT_BALANCE": {"control": "Insufficient balance. Please recharge your account."}}


@pytest.fixture
def keepgoing_client(keepgoing_texts: dict[str, dict[str, str]]) -> FakeClient:
    """A client that forces variants and remembers what was shown and tracked."""
    return FakeClient.from_texts(keepgoing_texts)
