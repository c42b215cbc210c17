"""The calls of the wall: decide says what the SDK says, and the ruleset is served with its ETag."""

from __future__ import annotations

import gzip
import json
import time

import pytest
from sqlalchemy import event

from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from service.storage.database import StorageBusy
from service.use_cases.credentials import Role
from tests.api_client import CODE, KEY, Site, refusal
from tests.factories import message_document, variant_document

PATH = f"/v1/experiments/{KEY}"
MEMBERS = ["error_code", "experiment", "variant", "reason", "revision", "status", "headers", "body"]


def ruleset_of(site: Site) -> dict[str, object]:
    """The ruleset as a client gets it."""
    answer = site.get("/v1/ruleset", role=Role.SDK)
    assert answer.status_code == 200
    document: dict[str, object] = answer.json
    return document


def test_decide_answers_what_to_send_and_why(site: Site) -> None:
    answer = site.running().decide("acct_42").json
    assert [name for name in answer if name in MEMBERS] == MEMBERS
    assert (answer["error_code"], answer["experiment"], answer["reason"]) == (CODE, KEY, "split")
    assert answer["variant"] in {"control", "progress"}
    assert answer["status"] == answer["body"]["status"] == 402
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["exposure_logged"] is True


def test_decide_is_the_sdks_evaluation_for_a_thousand_units(site: Site) -> None:
    personal = message_document(
        "You have used {usage_percent, number}% of your tier.", plain="You are nearly there."
    )
    site.running(
        traffic=0.7,
        targeting={"attribute": "plan", "op": "in", "value": ["free", "pro"]},
        variants=[variant_document(), variant_document("progress", message={"en": personal}, weight=0.8)],
        forced={"acct_7": "progress"},
    )
    ruleset = compile_ruleset(ruleset_of(site))
    reasons = set()
    for number in range(1_000):
        context = {"plan": ["free", "pro", "team"][number % 3], "usage_percent": number % 100}
        expected = decide(ruleset, CODE, f"acct_{number}", context)
        found = site.decide(f"acct_{number}", context=context, exposure=False).json
        assert {name: found[name] for name in MEMBERS} == {
            name: getattr(expected, name) for name in MEMBERS
        }, f"acct_{number}"
        reasons.add(found["reason"])
    assert reasons == {"split", "forced", "not_targeted", "not_in_traffic"}


def test_only_a_split_that_was_asked_to_be_logged_is_an_exposure(site: Site) -> None:
    site.running(forced={"acct_qa": "progress"})
    assert site.decide("acct_qa").json["exposure_logged"] is False
    assert site.decide("acct_1", exposure=False).json["exposure_logged"] is False
    assert site.decide("acct_2").json["exposure_logged"] is True
    site.fold()
    variants = site.get(f"{PATH}/results").json["variants"]
    assert sum(variant["participants"] for variant in variants) == 1


def test_trouble_with_the_log_never_makes_the_error_worse(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.running()

    def full(*_given: object) -> None:
        raise StorageBusy("the disk is full")

    monkeypatch.setattr(type(site.services.backend.journal), "append", full)
    answer = site.decide("acct_1")
    assert answer.status_code == 200
    assert (answer.json["reason"], answer.json["exposure_logged"]) == ("split", False)


def test_a_wall_costs_no_query_while_the_ruleset_is_fresh(database_url: str) -> None:
    site = Site(database_url, ruleset_poll_seconds=60.0).running()
    site.decide("acct_1", exposure=False)
    statements: list[str] = []
    event.listen(
        site.services.backend.database.engine,
        "before_cursor_execute",
        lambda *given: statements.append(given[2]),
    )
    assert site.decide("acct_2", exposure=False).status_code == 200
    assert site.get("/v1/ruleset", role=Role.SDK).status_code == 200
    assert statements == []
    site.close()


def test_an_experiment_that_ends_is_gone_from_the_next_answer(site: Site) -> None:
    site.running()
    assert site.decide("acct_1", exposure=False).json["reason"] == "split"
    site.post(f"{PATH}/pause")
    assert site.decide("acct_1", exposure=False).json["reason"] == "no_experiment"


def test_a_change_shows_at_once_in_the_process_that_made_it(database_url: str) -> None:
    site = Site(database_url, ruleset_poll_seconds=60.0).running()
    assert site.decide("acct_1", exposure=False).json["reason"] == "split"
    site.post(f"{PATH}/pause")
    assert site.decide("acct_1", exposure=False).json["reason"] == "no_experiment"
    site.call("PUT", "/v1/project", {"holdout": 0.999})
    assert site.decide("acct_1", exposure=False).json["reason"] == "holdout"
    site.close()


def test_a_change_by_another_process_shows_within_the_poll_time(database_url: str) -> None:
    ours = Site(database_url, ruleset_poll_seconds=0.2).running()
    theirs = Site(database_url)
    assert ours.decide("acct_1", exposure=False).json["reason"] == "split"
    theirs.post(f"{PATH}/pause")
    time.sleep(0.25)
    assert ours.decide("acct_1", exposure=False).json["reason"] == "no_experiment"
    ours.close()
    theirs.close()


def test_an_older_ruleset_answers_while_the_database_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.running()
    before = site.decide("acct_1", exposure=False).json

    def away(*_given: object) -> None:
        raise StorageBusy("the database is away")

    monkeypatch.setattr(type(site.services.backend.database), "reading", away)
    assert site.decide("acct_1", exposure=False).json == before


def test_without_any_ruleset_a_database_that_is_away_is_a_503(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.get("/v1/ruleset", role=Role.SDK, project="rival")  # so that the key is known

    def away(*_given: object) -> None:
        raise StorageBusy("connection to db.internal:5432 refused")

    site.services.backend.rulesets._entries.clear()
    monkeypatch.setattr(type(site.services.backend.database), "reading", away)
    answer = site.decide("acct_1", project="rival")
    problem = refusal(answer, 503)
    assert answer.headers["Retry-After"] == "1"
    assert "db.internal" not in problem["detail"]


def test_the_ruleset_has_a_strong_etag_that_changes_with_it(site: Site) -> None:
    first = site.running().get("/v1/ruleset", role=Role.SDK)
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    unchanged = site.get("/v1/ruleset", role=Role.SDK, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", etag)
    site.call("PATCH", PATH, {"traffic": 0.5})
    changed = site.get("/v1/ruleset", role=Role.SDK, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_the_ruleset_is_the_same_bytes_each_time_and_in_each_process(database_url: str) -> None:
    first, second = Site(database_url).running(), Site(database_url)
    bodies = {site.get("/v1/ruleset", role=Role.SDK).data for site in (first, second, first)}
    assert len(bodies) == 1
    first.close()
    second.close()


def test_the_ruleset_comes_zipped_when_that_is_accepted_under_an_etag_of_its_own(site: Site) -> None:
    plain = site.running().get("/v1/ruleset", role=Role.SDK)
    zipped = site.get("/v1/ruleset", role=Role.SDK, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert zipped.headers["Vary"] == "Accept-Encoding"
    conditional = {"Accept-Encoding": "gzip", "If-None-Match": zipped.headers["ETag"]}
    assert site.get("/v1/ruleset", role=Role.SDK, headers=conditional).status_code == 304


def test_the_ruleset_holds_no_money_of_the_owners(site: Site) -> None:
    incentive = {"kind": "bonus_units", "amount": 10, "unit_cost": "0.02", "budget": "987.65"}
    site.running(variants=[variant_document(), variant_document("progress", incentive=incentive)])
    served = json.dumps(ruleset_of(site))
    assert "bonus_units" in served
    assert "987.65" not in served
    assert "unit_cost" not in served


def test_the_holdout_takes_units_out_of_all_experiments(site: Site) -> None:
    site.running()
    changed = site.call("PUT", "/v1/project", {"holdout": 0.5})
    assert changed.json["holdout"] == 0.5
    reasons = [site.decide(f"acct_{number}", exposure=False).json["reason"] for number in range(200)]
    assert 60 < reasons.count("holdout") < 140
    assert site.call("PUT", "/v1/project", {"holdout": None}).json["holdout"] is None
    assert site.decide("acct_1", exposure=False).json["reason"] == "split"
