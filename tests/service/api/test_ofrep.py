"""OpenFeature's Remote Evaluation Protocol: values, reasons, errors, and what is an exposure."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from service.use_cases.credentials import Role
from tests.api_client import CODE, KEY, PROBLEM, Site

ONE = f"/ofrep/v1/evaluate/flags/{CODE}"
ALL = "/ofrep/v1/evaluate/flags"


def asked(unit: Any = "acct_42", **attributes: Any) -> dict[str, Any]:
    """A request of a unit."""
    return {"context": {"targetingKey": unit, **attributes}}


def exposures(site: Site) -> int:
    """How many units of the experiment were exposed."""
    site.fold()
    found = site.get(f"/v1/experiments/{KEY}/results").json
    return sum(one["participants"] for one in found["variants"])


def test_a_flag_is_the_body_and_its_message_the_text_of_the_sdks_own_decision(site: Site) -> None:
    site.running()
    ruleset = compile_ruleset(site.get("/v1/ruleset", role=Role.SDK).json)
    for number in range(50):
        expected = decide(ruleset, CODE, f"acct_{number}", {})
        body = site.post(ONE, asked(f"acct_{number}"), role=Role.SDK).json
        text = site.post(f"{ONE}.message", asked(f"acct_{number}"), role=Role.SDK).json
        assert (body["key"], body["value"]) == (CODE, expected.body)
        assert (text["key"], text["value"]) == (f"{CODE}.message", expected.text)
        assert body["variant"] == text["variant"] == expected.variant
        assert body["reason"] == "SPLIT"
        assert body["metadata"] == {
            "flagSetId": "shop", "version": 1, "experiment": KEY, "decisionReason": "split",
            "isControl": expected.variant == "control", "contextId": f"acct_{number}",
        }  # fmt: skip


def test_a_single_evaluation_is_an_exposure_unless_it_says_not_and_a_bulk_one_never(site: Site) -> None:
    site.running()
    assert site.post(ALL, asked("bulk"), role=Role.SDK).status_code == 200
    site.post(ONE, asked("said-not") | {"metadata": {"exposure": False}}, role=Role.SDK)
    site.post(ONE, asked("by-header"), role=Role.SDK, headers={"Keepgoing-Exposure": "false"})
    assert exposures(site) == 0
    site.post(ONE, asked("acct_42"), role=Role.SDK)
    site.post(f"{ONE}.message", asked("acct_42"), role=Role.SDK)
    assert exposures(site) == 1


def test_without_an_experiment_variant_and_reason_are_there_all_the_same(site: Site) -> None:
    found = site.catalogue().post(ONE, asked(), role=Role.SDK).json
    assert (found["variant"], found["reason"]) == ("default", "STATIC")
    assert found["metadata"]["decisionReason"] == "no_experiment"


def test_all_flags_have_a_tag_of_the_evaluated_answer(site: Site) -> None:
    site.running()
    first = site.post(ALL, asked(), role=Role.SDK)
    assert [flag["key"] for flag in first.json["flags"]] == [CODE, f"{CODE}.message"]
    known = {"If-None-Match": first.headers["ETag"]}
    again = site.post(ALL, asked(), role=Role.SDK, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert site.post(ALL, asked("acct_7"), role=Role.SDK, headers=known).status_code == 200


def test_the_key_may_stand_in_the_protocols_own_header(site: Site) -> None:
    site.running()
    key = {"X-API-Key": site.secrets["shop", Role.SDK]}
    assert site.post(ONE, asked(), role=None, headers=key).status_code == 200
    assert (
        site.post("/v1/decide", {"error_code": CODE, "unit_id": "a"}, role=None, headers=key).status_code
        == 401
    )
    assert site.post(ONE, asked(), role=None, headers={"X-API-Key": "kg_sdk_wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/ofrep/v1/evaluate/flags/NO_SUCH", asked(), 404, "FLAG_NOT_FOUND"),
        ("/ofrep/v1/evaluate/flags/NO_SUCH.message", asked(), 404, "FLAG_NOT_FOUND"),
        (ONE, {"context": {}}, 400, "TARGETING_KEY_MISSING"),
        (ONE, {}, 400, "TARGETING_KEY_MISSING"),
        (ALL, {"context": {"plan": "pro"}}, 400, "TARGETING_KEY_MISSING"),
        (ONE, asked(""), 400, "TARGETING_KEY_MISSING"),
        (ONE, asked(42), 400, "INVALID_CONTEXT"),
        (ONE, asked("x" * 257), 400, "INVALID_CONTEXT"),
        (ONE, {"context": "acct_42"}, 400, "INVALID_CONTEXT"),
        (ONE, [1], 400, "INVALID_CONTEXT"),
    ],
)
def test_an_error_carries_the_protocols_members_and_those_of_a_problem(
    site: Site, path: str, body: Any, status: int, code: str
) -> None:
    answer = site.running().post(path, body, role=Role.SDK)
    assert (answer.status_code, answer.json["errorCode"]) == (status, code)
    assert answer.mimetype == PROBLEM
    assert answer.json["errorDetails"] == answer.json["detail"] != ""
    assert answer.json["key"] == path.partition("flags/")[2]
    assert answer.json["type"].startswith("urn:keepgoing:problem:")


def test_a_body_that_is_no_json_is_a_parse_error(site: Site) -> None:
    sent = {"Authorization": f"Bearer {site.running().secrets['shop', Role.SDK]}"}
    answer = site.client.post(ONE, data="{", headers=sent, content_type="application/json")
    assert (answer.status_code, answer.json["errorCode"]) == (400, "PARSE_ERROR")


def test_without_a_key_and_beyond_the_rate_the_members_are_there_too(site: Site) -> None:
    answer = site.running().post(ONE, asked(), role=None)
    assert (answer.status_code, answer.json["errorCode"], answer.json["key"]) == (401, "GENERAL", CODE)
    assert answer.json["errorDetails"]
    assert site.post(ONE, asked(), role=Role.VIEWER).json["errorCode"] == "GENERAL"


def test_a_rate_limit_says_when_in_whole_seconds(database_url: str) -> None:
    with closing(Site(database_url, rate_limit_requests_per_second=1)) as site:
        answers = [site.post(ONE, asked(), role=Role.SDK) for _ in range(5)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert refused[0].json["errorCode"] == "GENERAL"


def test_nothing_of_another_project_is_evaluated(site: Site) -> None:
    site.running()
    assert site.post(ONE, asked(), role=Role.SDK, project="rival").status_code == 404
    assert site.post(ALL, asked(), role=Role.SDK, project="rival").json == {"flags": []}


def test_a_newer_client_that_says_more_is_understood(site: Site) -> None:
    site.running()
    body = asked(tags=["a", {"b": 1}]) | {"cacheMode": "none"}
    assert site.post(f"{ALL}?flagConfigEtag=x", body, role=Role.SDK).status_code == 200
