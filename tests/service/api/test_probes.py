"""Alive, ready, and what several processes count together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.use_cases.backend import is_ready
from tests.api_client import Site, refusal


def test_a_live_process_says_so_without_its_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(site.services.backend.database), "reading", None)
    assert site.get("/healthz", role=None).json == {"status": "ok"}


def test_a_service_with_its_database_is_ready(site: Site) -> None:
    assert site.get("/readyz", role=None).json == {"status": "ok"}


def test_a_database_that_does_not_answer_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_given: object) -> None:
        raise OSError("db.internal refused")

    monkeypatch.setattr(type(site.services.backend.database), "reading", away)
    answer = site.get("/readyz", role=None)
    assert "db.internal" not in refusal(answer, 503)["detail"]
    assert answer.headers["Retry-After"] == "1"


def test_a_database_of_another_schema_is_not_ready_and_the_remedy_is_named(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.storage.migrate.expected", lambda: "9999")
    assert "keepgoing migrate" in (is_ready(site.services.backend.database) or "")


def test_worker_processes_that_share_a_folder_are_counted_together(tmp_path: Path) -> None:
    program = """
import sys
from service.observability import Figures
figures = Figures(sys.argv[1])
figures.decision("split")
sys.stdout.write(figures.text().decode())
"""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env=environment, check=True, capture_output=True, text=True,
        ).stdout
        for _ in range(2)
    ]  # fmt: skip
    assert 'keepgoing_decisions_total{reason="split"} 2.0' in outputs[1]
