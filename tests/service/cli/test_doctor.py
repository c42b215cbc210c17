"""`keepgoing doctor`, `migrate` and `plan`."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cli.main import main
from tests.service.cli.conftest import Keepgoing


def test_a_sound_machine_has_nothing_wrong(keepgoing: Keepgoing) -> None:
    answer = keepgoing("doctor", "--json")
    assert answer.exit_code == 0
    assert {check["name"] for check in answer.json} == {
        "versions", "secret", "database", "schema", "clock", "disk",
    }  # fmt: skip
    assert all(check["ok"] is not False for check in answer.json)


def test_a_database_that_is_none_is_a_gate_not_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.db").write_text("this is no database " * 100)
    monkeypatch.setenv("KEEPGOING_DATABASE_URL", f"sqlite:///{tmp_path / 'broken.db'}")
    assert main(["doctor"]) == 3
    assert "database" in capsys.readouterr().err


def test_migrate_can_be_run_again(keepgoing: Keepgoing) -> None:
    assert keepgoing("migrate").exit_code == 0
    again = keepgoing("migrate")
    assert "already" in again.err
    assert keepgoing("migrate", "--check").exit_code == 0


def test_a_plan_gives_the_published_sample_size(keepgoing: Keepgoing) -> None:
    arguments = ["plan", "--baseline", "0.10", "--mde-relative", "0.20", "--daily", "500"]
    answer = keepgoing(*arguments, "--json")
    assert answer.json["participants_per_variant"] == 3_841
    assert answer.json["days"] == 16
    assert "3,841" in keepgoing(*arguments).out
