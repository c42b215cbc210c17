"""Every error is a problem document that says enough and not too much."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from experiments.errors import (
    Conflict,
    DomainError,
    Fault,
    InvalidInput,
    NotAllowed,
    NotEnoughData,
    NotFound,
    StaleRevision,
)
from service.api import problems
from service.storage.database import StorageBusy
from tests.api_client import Site, refusal

PATH = "/v1/experiments"


def raising(site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Any:
    """The answer to a call whose work ends with this error."""

    def fail(*_given: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr("service.use_cases.experiments.list_experiments", fail)
    return site.get(PATH)


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (NotFound("x"), 404, "not-found"),
        (Conflict("x"), 409, "conflict"),
        (StaleRevision("x"), 412, "stale-revision"),
        (InvalidInput.at("/a", "x"), 400, "invalid-input"),
        (NotAllowed("x"), 403, "not-allowed"),
        (NotEnoughData("x"), 422, "not-enough-data"),
        (DomainError("x"), 400, "domain"),
        (StorageBusy("x"), 503, "service-unavailable"),
        (PoolTimeout("x"), 503, "service-unavailable"),
        (KeyError("x"), 500, "internal-server-error"),
    ],
)
def test_each_error_has_its_status_and_name(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, name: str
) -> None:
    problem = refusal(raising(site, monkeypatch, error), status)
    assert problem["type"] == f"urn:keepgoing:problem:{name}"
    assert problem["title"]


def test_a_503_says_when_to_try_again_in_whole_seconds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = raising(site, monkeypatch, StorageBusy("database is locked", retry_after_seconds=3))
    assert answer.headers["Retry-After"] == "3"
    assert "locked" not in answer.text


def test_a_500_shows_an_id_that_the_log_has_and_nothing_of_the_inside(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = site.watch_log("info")
    answer = raising(site, monkeypatch, KeyError("acct_42 of kg_admin_secret"))
    problem = refusal(answer, 500)
    assert "acct_42" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-Id"] == problem["request_id"]
    logged = log.getvalue()
    assert problem["request_id"] in logged
    assert "builtins.KeyError" in logged
    assert "acct_42" not in logged


def test_an_unknown_address_is_a_404(site: Site) -> None:
    refusal(site.get("/v1/nothing"), 404)


def test_a_wrong_method_is_a_405_that_says_which_are_right(site: Site) -> None:
    answer = site.call("DELETE", PATH)
    refusal(answer, 405)
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW"])
def test_methods_that_nobody_declared_are_405(site: Site, method: str) -> None:
    assert site.call(method, PATH).status_code == 405


def test_an_endless_list_of_faults_and_a_huge_text_are_cut(site: Site) -> None:
    faults = [Fault(f"/{number}", "x" * 5_000) for number in range(500)]
    with site.app.test_request_context():
        site.app.preprocess_request()
        answer = problems.of_domain_error(InvalidInput(faults))
    assert len(answer.get_json(force=True)["errors"]) == 100
    assert len(answer.data) < 150_000


def test_a_quoted_half_of_a_surrogate_can_be_answered(site: Site) -> None:
    with site.app.test_request_context():
        site.app.preprocess_request()
        answer = problems.of_domain_error(NotFound("There is no '\ud800'."))
    assert "'?'" in answer.get_json(force=True)["detail"]
