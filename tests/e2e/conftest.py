"""A running service with one experiment, as an engineer would set it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service_process import ServiceProcess

DEFINITIONS = Path(__file__).resolve().parents[2] / "service" / "demo" / "data" / "low_balance.yaml"


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service of two workers, on SQLite or PostgreSQL, in which `low-balance-framing` runs."""
    process = ServiceProcess(database_url, workers=2, folder=tmp_path)
    process.keepgoing("experiments", "apply", str(DEFINITIONS))
    process.keepgoing("experiments", "start", "low-balance-framing")
    process.start()
    yield process
    process.stop()
