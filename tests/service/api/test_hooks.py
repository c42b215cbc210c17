"""What surrounds every request: ids, safe headers, log lines without secrets, and figures."""

from __future__ import annotations

import json

import pytest

from service.use_cases.credentials import Role
from tests.api_client import CODE, Site, conversion

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize("path", ["/healthz", "/v1/experiments", "/v1/nothing", "/openapi.json", "/metrics"])
def test_every_answer_has_the_safe_headers(site: Site, path: str) -> None:
    headers = site.get(path).headers
    assert {name: headers[name] for name in SAFE} == SAFE


def test_transport_security_is_asked_for_only_over_tls(site: Site) -> None:
    assert "Strict-Transport-Security" not in site.get("/healthz").headers
    assert "Strict-Transport-Security" in site.get("/healthz", base_url="https://keepgoing.test").headers


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("trace-0123456789", True), ("short", False), ("a b\tc d e f", False), ("x" * 65, False)],
)
def test_a_request_id_is_kept_when_it_is_one(site: Site, given: str, is_kept: bool) -> None:
    answered = site.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (answered == given) is is_kept
    assert len(answered) >= 8


def test_no_cross_origin_grant_is_given(site: Site) -> None:
    answer = site.get("/v1/experiments", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_requests_are_logged_as_json_without_keys_units_or_contexts(site: Site) -> None:
    lines = site.watch_log("debug")
    site.running()
    site.decide("acct_secret_unit", context={"plan": "secret_plan"})
    site.send(conversion("c1", "acct_secret_unit"))
    site.get("/v1/experiments/acct_secret_unit/results?segment=secret_plan")
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert {"/v1/decide", "/v1/events", "/v1/experiments/<key>/results"} <= {line["route"] for line in logged}
    assert all(
        {"status", "milliseconds", "request_id", "timestamp", "level"} <= line.keys() for line in logged
    )
    for secret in ("acct_secret_unit", "secret_plan", "kg_"):
        assert secret not in lines.getvalue()


def test_figures_count_requests_events_and_decisions_and_name_nothing_of_a_project(site: Site) -> None:
    site.running()
    site.decide("acct_1")
    site.send(conversion("c1"), conversion("c1"), {"type": "click"})
    text = site.get("/metrics", role=None).text
    assert 'keepgoing_requests_total{method="POST",route="/v1/decide",status="200"} 1.0' in text
    assert 'keepgoing_events_total{outcome="accepted"} 1.0' in text
    assert 'keepgoing_events_total{outcome="duplicate"} 1.0' in text
    assert 'keepgoing_events_total{outcome="rejected"} 1.0' in text
    assert 'keepgoing_decisions_total{reason="split"} 1.0' in text
    assert 'keepgoing_request_seconds_count{method="POST",route="/v1/decide"} 1.0' in text
    for name in ("shop", "acct_1", CODE, "low-balance-framing"):
        assert name not in text


def test_made_up_methods_and_addresses_make_no_new_series(site: Site) -> None:
    for number in range(20):
        site.call(f"BREW{number}", f"/pot/{number}", role=Role.VIEWER)
    text = site.get("/metrics", role=None).text
    assert 'keepgoing_requests_total{method="other",route="unknown",status="404"} 20.0' in text
    assert "BREW" not in text
