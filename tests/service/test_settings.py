"""Settings: defaults that work on one machine, production that refuses, and a page that names each."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepgoing.errors import ConfigurationError
from service.settings import PREFIX, Settings, read_settings, variable

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _a_bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


def test_every_setting_has_a_default_that_works_on_one_machine() -> None:
    settings = read_settings()
    assert settings.database_url == "sqlite:///keepgoing.db"
    assert settings.environment == "development"


def test_production_without_a_secret_stops_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGOING_ENVIRONMENT", "production")
    with pytest.raises(ConfigurationError, match="KEEPGOING_SECRET_KEY"):
        read_settings()


def test_a_short_secret_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGOING_SECRET_KEY", "hunter2-x")
    with pytest.raises(ConfigurationError, match="shorter than 16") as refusal:
        read_settings()
    assert "hunter2-x" not in refusal.value.detail


def test_production_starts_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGOING_ENVIRONMENT", "production")
    monkeypatch.setenv("KEEPGOING_SECRET_KEY", "s" * 32)
    assert read_settings().environment == "production"


def test_each_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGOING_MAX_EVENTS", "many")
    monkeypatch.setenv("KEEPGOING_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError) as refusal:
        read_settings()
    assert "KEEPGOING_MAX_EVENTS" in refusal.value.detail
    assert "KEEPGOING_LOG_LEVEL" in refusal.value.detail


def test_the_log_level_is_read_in_either_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGOING_LOG_LEVEL", "WARNING")
    assert read_settings().log_level == "warning"


@pytest.mark.parametrize("field", list(Settings.model_fields))
def test_every_setting_stands_in_the_documentation_with_its_default(field: str) -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{variable(field)}` ")]
    assert len(rows) == 1, f"{variable(field)} is not documented once in docs/settings.md"
    default = Settings.model_fields[field].default
    assert f"| `{default}` |" in rows[0] or (default is None and "| none |" in rows[0])


def test_the_documentation_names_no_setting_that_does_not_exist() -> None:
    known = {variable(field) for field in Settings.model_fields}
    elsewhere = {"KEEPGOING_URL", "KEEPGOING_KEY"}  # the command line's and the SDK's own
    named = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith(f"| `{PREFIX}")}
    assert named <= known | elsewhere
