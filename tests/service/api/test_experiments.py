"""Experiments over HTTP: made, changed under If-Match, and led through their life."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, pointers, refusal
from tests.factories import error_code_document, experiment_document, metric_document, variant_document

PATH = f"/v1/experiments/{KEY}"


def test_an_experiment_is_made_as_a_draft_and_found_at_its_place(site: Site) -> None:
    made = site.catalogue().post("/v1/experiments", experiment_document())
    assert made.status_code == 201
    assert made.headers["Location"] == PATH
    assert made.headers["ETag"] == '"1"'
    assert (made.json["status"], made.json["revision"], made.json["phases"]) == ("draft", 1, [])
    assert site.get(PATH).json == made.json


def test_what_is_answered_may_be_sent_back_as_a_patch_of_its_own_members(site: Site) -> None:
    made = site.catalogue().post("/v1/experiments", experiment_document()).json
    own = {name: made[name] for name in experiment_document()}
    answer = site.call("PATCH", PATH, own)
    assert answer.status_code == 200
    assert answer.json["revision"] == 1  # nothing differs, so there is no new revision


def test_a_key_is_taken_once(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    assert "PATCH" in refusal(site.post("/v1/experiments", experiment_document()), 409)["detail"]


def test_experiments_are_listed_in_pages_by_key(site: Site) -> None:
    site.catalogue()
    for key in ("c", "a", "b"):
        site.post("/v1/experiments", experiment_document(key=key))
    first = site.get("/v1/experiments?limit=2").json
    assert [one["key"] for one in first["items"]] == ["a", "b"]
    second = site.get(f"/v1/experiments?limit=2&cursor={first['next']}").json
    assert ([one["key"] for one in second["items"]], second["next"]) == (["c"], None)


def test_experiments_of_one_status_are_listed(site: Site) -> None:
    site.running()
    site.post("/v1/experiments", experiment_document(key="waiting"))
    assert [one["key"] for one in site.get("/v1/experiments?status=draft").json["items"]] == ["waiting"]


def test_a_patch_merges_and_null_takes_a_member_back_to_its_default(site: Site) -> None:
    site.catalogue().post(
        "/v1/experiments", experiment_document(traffic=0.5, plan={"primary": "recharge", "power": 0.9})
    )
    changed = site.call("PATCH", PATH, {"traffic": None, "plan": {"max_days": 21}}).json
    assert (changed["traffic"], changed["plan"]["power"], changed["plan"]["max_days"]) == (1, 0.9, 21)
    assert changed["revision"] == 2


def test_a_patch_of_what_the_service_keeps_itself_is_refused(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    assert pointers(refusal(site.call("PATCH", PATH, {"status": "running"}), 400)) == {"/status"}
    assert pointers(refusal(site.call("PATCH", PATH, {"key": "another"}), 400)) == {"/key"}


def test_if_match_refuses_a_write_over_somebody_elses(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    assert site.call("PATCH", PATH, {"traffic": 0.5}, headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    problem = refusal(site.call("PATCH", PATH, {"traffic": 0.9}, headers={"If-Match": '"1"'}), 412)
    assert "revision 2" in problem["detail"]
    assert site.get(PATH).json["traffic"] == 0.5
    assert site.call("PATCH", PATH, {"traffic": 0.9}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize("tag", ["1", 'W/"1"', '"x"', '"1", "2"'])
def test_an_if_match_that_is_no_etag_of_ours_is_a_400(site: Site, tag: str) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    refusal(site.call("PATCH", PATH, {"traffic": 0.5}, headers={"If-Match": tag}), 400)


def test_of_eight_writers_of_one_revision_one_wins(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())

    def write(number: int) -> int:
        with site.app.test_client() as client:
            answer = client.patch(
                PATH,
                json={"traffic": (number + 1) / 10},
                headers={
                    "If-Match": '"1"',
                    "Authorization": f"Bearer {site.secrets['shop', Role.EDITOR]}",
                },
            )
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))
    assert statuses == [200] + [412] * 7
    assert site.get(PATH).json["revision"] == 2


def test_an_experiments_whole_life(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    statuses = [site.post(f"{PATH}/{step}").json["status"] for step in ("start", "pause", "start", "stop")]
    assert statuses == ["running", "paused", "running", "stopped"]
    shipped = site.post(f"{PATH}/ship", {"variant": "progress"}).json
    assert (shipped["status"], shipped["shipped"]) == ("stopped", "progress")
    assert site.post(f"{PATH}/archive").json["status"] == "archived"
    assert len(site.get(PATH).json["phases"]) == 1


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((), "pause"),
        ((), "stop"),
        (("start",), "start"),
        (("start",), "archive"),
        (("start", "stop"), "start"),
    ],
)
def test_a_forbidden_step_is_a_409_that_says_why_and_changes_nothing(
    site: Site, before: tuple[str, ...], step: str
) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    for earlier in before:
        site.post(f"{PATH}/{earlier}")
    here = site.get(PATH).json
    detail = refusal(site.post(f"{PATH}/{step}"), 409)["detail"]
    assert f"it is {here['status']}" in detail
    assert site.get(PATH).json == here


def test_a_variant_that_is_none_cannot_be_shipped(site: Site) -> None:
    site.running()
    assert pointers(refusal(site.post(f"{PATH}/ship", {"variant": "nothing"}), 400)) == {"/variant"}


def test_other_weights_open_a_new_phase_while_it_runs(site: Site) -> None:
    site.running()
    weights = [variant_document("control", weight=1), variant_document("progress", weight=3)]
    changed = site.call("PATCH", PATH, {"variants": weights}).json
    assert [phase["shares"]["progress"] for phase in changed["phases"]] == ["1/2", "3/4"]


def test_what_would_change_a_running_experiments_meaning_is_a_409_that_names_each_place(site: Site) -> None:
    site.running()
    patch = {"unit": "user", "plan": {"max_days": 14}}
    assert pointers(refusal(site.call("PATCH", PATH, patch), 409)) == {"/unit", "/plan"}


def test_two_experiments_of_one_group_cannot_share_what_is_not_there(site: Site) -> None:
    site.running(exclusion_group="billing", traffic=0.7)
    site.post("/v1/experiments", experiment_document(key="other", exclusion_group="billing", traffic=0.4))
    assert KEY in refusal(site.post("/v1/experiments/other/start"), 409)["detail"]
    site.call("PATCH", "/v1/experiments/other", {"traffic": 0.3})
    assert site.post("/v1/experiments/other/start").json["status"] == "running"


def test_metrics_are_frozen_at_the_start(site: Site) -> None:
    site.running()
    assert site.call("PUT", "/v1/metrics/recharge", metric_document(window_days=30)).status_code == 200
    results = site.get(f"{PATH}/results").json
    assert results["metrics"][0]["window_days"] == [0, 7]


def test_an_error_code_keeps_its_status_while_experiments_run_on_it(site: Site) -> None:
    site.running()
    put = ("PUT", "/v1/error-codes/INSUFFICIENT_BALANCE")
    assert pointers(refusal(site.call(*put, error_code_document(status=429)), 409)) == {"/status"}
    reworded = error_code_document()
    reworded["message"]["en"]["detail"] = "Your balance is too low."
    assert site.call(*put, reworded).json["revision"] == 2


def test_an_error_code_cannot_drop_a_language_that_a_draft_needs(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    document = error_code_document()
    document["message"]["de"] = document["message"]["en"]
    problem = refusal(site.call("PUT", "/v1/error-codes/INSUFFICIENT_BALANCE", document), 400)
    assert "would break experiment low-balance-framing" in problem["detail"]


def test_each_write_leaves_an_audit_row_of_who_did_it(site: Site) -> None:
    site.running()
    entries = site.get("/v1/audit").json["items"]
    done = [
        (entry["action"], entry["subject"]) for entry in reversed(entries) if entry["action"] != "key.create"
    ]
    assert done == [
        ("error_code.create", "INSUFFICIENT_BALANCE"),
        ("metric.create", "recharge"),
        ("experiment.create", KEY),
        ("experiment.start", KEY),
    ]
    assert all(entry["actor"].startswith("key key_") for entry in entries if entry["action"] != "key.create")
