"""Recording verdicts for all experiments, as the worker does."""

from __future__ import annotations

from dataclasses import replace

from service.use_cases import clearing, verdicts
from service.use_cases.paging import PageOf
from service.use_cases.results import results
from tests.api_client import KEY, Site, exposure
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


def test_results_made_before_an_alarm_do_not_hide_it(site: Site) -> None:
    site.running()
    site.send(*(exposure(f"a{n}", f"a{n}", "control" if n % 2 else "progress") for n in range(20)))
    site.fold()
    early = results(site.scope(), KEY)
    site.send(*(exposure(f"b{n}", f"b{n}") for n in range(400)))
    site.fold()
    alarm = verdicts.record_verdict(site.scope(), KEY)
    assert (early.verdict.outcome, alarm and alarm.outcome) == ("collecting", "invalid")
    assert verdicts.record_verdict(site.scope(), KEY, early) == alarm
    late = results(site.scope(), KEY)
    clearing.clear(site.scope(), KEY, "A test of the wall, not of people.")
    cleared = verdicts.newest_verdict(site.scope(), KEY)
    assert cleared is not None
    assert cleared.outcome != "invalid"
    assert verdicts.record_verdict(site.scope(), KEY, late) == cleared


def test_an_alarm_keeps_its_own_words_when_the_rules_change(site: Site) -> None:
    site.running()
    site.send(*(exposure(f"b{n}", f"b{n}") for n in range(400)))
    site.fold()
    first = verdicts.record_verdict(site.scope(), KEY)
    found = results(site.scope(), KEY)
    newer = replace(found, verdict=replace(found.verdict, rules="2099-01.1"))
    again = verdicts.record_verdict(site.scope(), KEY, newer)
    assert first is not None
    assert again is not None
    assert again.id != first.id
    alarm = results(site.scope(), KEY).health.alarm
    assert alarm is not None
    assert (alarm.at, alarm.said) == (first.recorded_at, first.document["reasons"][0])
