"""Recording verdicts for all experiments, as the worker does."""

from __future__ import annotations

from service.use_cases import verdicts
from service.use_cases.paging import PageOf
from tests.api_client import KEY, Site
from tests.factories import experiment_document


def test_all_that_have_started_and_are_not_archived_get_a_verdict_once(site: Site) -> None:
    site.running()
    for key in ("waiting", "gone"):
        site.post("/v1/experiments", experiment_document(key=key))
    site.post("/v1/experiments/gone/archive")
    database = site.services.backend.database
    assert [verdicts.record_all(database, site.now()) for _ in range(2)] == [1, 1]
    assert len(verdicts.list_verdicts(site.scope(), KEY, PageOf()).items) == 1
    assert verdicts.newest_verdict(site.scope(), "waiting") is None


def test_each_project_gets_its_own(site: Site) -> None:
    site.running().running(project="rival")
    assert verdicts.record_all(site.services.backend.database, site.now()) == 2
    assert len(verdicts.list_verdicts(site.scope("rival"), KEY, PageOf()).items) == 1
