"""The application: what it refuses to start on, what it loads, and what it leaves to later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keepgoing.errors import ConfigurationError
from service.app import create_app
from service.settings import Settings
from service.storage.migrate import SchemaMismatch
from tests.api_client import Site, refusal

HEAVY = {"scipy", "statsmodels", "numpy", "pandas"}


def test_an_embedded_database_is_made_at_the_start(tmp_path: Path) -> None:
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    assert app.test_client().get("/readyz").status_code == 200
    assert (tmp_path / "new.db").exists()


@pytest.mark.postgres
def test_postgresql_is_not_changed_by_a_start_and_the_command_is_named(empty_database_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="keepgoing migrate"):
        create_app(Settings(database_url=empty_database_url))


def test_production_refuses_to_start_on_a_missing_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KEEPGOING_ENVIRONMENT", "production")
    monkeypatch.setenv("KEEPGOING_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.delenv("KEEPGOING_SECRET_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="KEEPGOING_SECRET_KEY"):
        create_app()
    assert not (tmp_path / "new.db").exists()


def test_the_analysis_is_not_imported_at_the_start(tmp_path: Path) -> None:
    program = """
import sys
from service.app import create_app
create_app()
print(*{name.partition(".")[0] for name in sys.modules})
"""
    environment = {**os.environ, "KEEPGOING_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    environment.pop("KEEPGOING_ENVIRONMENT", None)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    assert not HEAVY & set(done.stdout.split())


def test_addresses_behind_a_trusted_proxy_are_those_of_its_clients(database_url: str) -> None:
    direct = Site(database_url, wrong_keys_limit=1)
    behind = Site(database_url, wrong_keys_limit=1, trusted_proxies=1)
    wrong = {"Authorization": "Bearer kg_nothing"}
    for site, statuses in ((direct, [401, 429]), (behind, [401, 401])):
        found = [
            site.get(
                "/v1/keys", role=None, headers={**wrong, "X-Forwarded-For": f"203.0.113.{number}"}
            ).status_code
            for number in range(2)
        ]
        assert found == statuses
        site.close()


def test_a_double_slash_is_no_redirect_that_would_lose_the_key(site: Site) -> None:
    refusal(site.get("/v1//experiments"), 404)
