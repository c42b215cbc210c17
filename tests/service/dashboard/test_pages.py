"""The pages: what they show, to whom, and that nothing a user wrote becomes markup."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from service.api.resources import document as openapi_document
from service.dashboard.blueprint import NAME, ROUTES
from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, conversion, exposure
from tests.factories import A_MONDAY, experiment_document, message_document, variant_document
from tests.markup import PAYLOADS, skeleton, words
from tests.service.dashboard.conftest import Browser, Clock

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture
def busy(browser: Browser) -> Browser:
    """A browser that has signed in to a project with one running experiment and three participants."""
    browser.site.running(plan={"primary": "recharge", "segments": ["plan"]})
    at = A_MONDAY.isoformat()
    sent = browser.site.send(
        exposure("x1", "a", occurred_at=at, context={"plan": "pro"}),
        exposure("x2", "b", occurred_at=at, context={"plan": "free"}),
        exposure("x3", "c", "progress", occurred_at=at),
        conversion("c1", "c", occurred_at=at),
    )
    assert '"accepted":4' in sent.text
    browser.site.fold()
    browser.sign_in()
    return browser


def test_the_first_page_lists_every_experiment_with_status_participants_and_verdict(busy: Browser) -> None:
    page = busy.get("/")
    assert page.status_code == 200
    assert f'href="/experiments/{KEY}"' in page.text
    seen = words(page.text)
    assert "INSUFFICIENT_BALANCE running 3" in seen
    assert "Still collecting" in seen


def test_an_empty_project_says_how_to_begin(browser: Browser) -> None:
    browser.sign_in(project="rival")
    assert "keepgoing experiments apply FILE --project rival" in words(browser.get("/").text)


def test_an_experiments_page_is_its_report_with_links_to_the_files(busy: Browser) -> None:
    page = busy.get(f"/experiments/{KEY}")
    assert page.status_code == 200
    assert "Still collecting." in page.text
    for section in ("verdict", "provenance", "checks", "variants", "primary", "gates", "method"):
        assert f'<section id="{section}"' in page.text
    for ending in ("json", "md", "html"):
        assert f'href="/experiments/{KEY}/report.{ending}"' in page.text


def test_a_breakdown_is_a_page_of_its_own_address(busy: Browser) -> None:
    page = busy.get(f"/experiments/{KEY}?segment=plan")
    assert "plan = pro, recharge: each variant" in page.text
    assert f'href="/experiments/{KEY}/report.json?segment=plan"' in page.text
    refused = busy.get(f"/experiments/{KEY}?segment=country")
    assert refused.status_code == 400
    assert "declares no segment" in refused.text


def test_the_json_file_is_what_the_api_answers(busy: Browser) -> None:
    file = busy.get(f"/experiments/{KEY}/report.json")
    assert file.content_type == "application/json; charset=utf-8"
    answered = busy.site.get(f"/v1/experiments/{KEY}/results")
    assert file.json == answered.json


@pytest.mark.parametrize(("ending", "start"), [("md", f"# {KEY}"), ("html", "<!doctype html>")])
def test_the_other_files_are_saved_and_never_shown(busy: Browser, ending: str, start: str) -> None:
    file = busy.get(f"/experiments/{KEY}/report.{ending}")
    assert file.headers["Content-Disposition"] == f"attachment; filename={KEY}.{ending}"
    assert file.text.startswith(start)


@pytest.mark.parametrize(
    "path", ["/experiments/nothing", f"/experiments/{KEY}/report.exe", "/experiments/%3Cscript%3E"]
)
def test_what_is_not_there_is_a_page_that_says_so(busy: Browser, path: str) -> None:
    page = busy.get(path)
    assert page.status_code == 404
    assert page.content_type == "text/html; charset=utf-8"
    assert "Not Found" in page.text
    assert "<script" not in page.text


def test_another_projects_experiment_is_not_there(busy: Browser) -> None:
    stranger = Browser(busy.site)
    stranger.sign_in(Role.ADMIN, project="rival")
    for path in (f"/experiments/{KEY}", f"/experiments/{KEY}/report.json"):
        page = stranger.get(path)
        assert page.status_code == 404
        assert "recharge" not in page.text
    assert KEY not in stranger.get("/").text


@pytest.mark.parametrize(
    "path", ["/", f"/experiments/{KEY}", f"/experiments/{KEY}/report.json", "/experiments/nothing"]
)
def test_nothing_is_shown_to_who_has_not_signed_in(busy: Browser, path: str) -> None:
    page = Browser(busy.site).get(path)
    assert page.status_code == 303
    assert page.location.startswith("/sign-in?next=")


def test_a_key_in_the_address_is_refused(browser: Browser) -> None:
    page = browser.get(f"/sign-in?key={browser.site.secrets['shop', Role.VIEWER]}")
    assert page.status_code == 400
    assert "ends up in logs" in page.text


@pytest.mark.parametrize("path", ["/", "/sign-in", f"/experiments/{KEY}", "/experiments/nothing"])
def test_every_page_may_load_its_styles_and_nothing_else(busy: Browser, path: str) -> None:
    page = busy.get(path)
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    tags = skeleton(page.text)
    assert not {tag for tag, _ in tags} & {"script", "style", "iframe", "object", "img"}
    names = {name for _, found in tags for name in found}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_the_styles_may_be_kept_for_good_since_their_address_changes(browser: Browser) -> None:
    address = re.findall(r'<link rel="stylesheet" href="([^"]+)"', browser.get("/sign-in").text)[0]
    answer = browser.get(address)
    assert answer.content_type == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "prefers-color-scheme: dark" in answer.text


def said(site: Site, text: str) -> tuple[str, str]:
    """The list and the page of an experiment in which every free text is this one."""
    message = message_document(text, plain=text)
    message["actions"][0]["label"] = text
    variants = [
        variant_document(key, message={"en": message}, description=text) for key in ("control", "progress")
    ]
    site.catalogue()
    document = experiment_document(
        hypothesis=text, description=text, source={"label": text}, variants=variants
    )
    made = site.post("/v1/experiments", document)
    assert made.status_code == 201, made.text
    browser = Browser(site)
    browser.sign_in()
    return browser.get("/").text, browser.get(f"/experiments/{KEY}").text


@pytest.fixture
def harmless(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The same two pages where every text is a plain word."""
    site = Site(f"sqlite:///{tmp_path_factory.mktemp('harmless') / 'keepgoing.db'}")
    try:
        return said(site, "harmless")
    finally:
        site.close()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_stored_text_becomes_markup(site: Site, harmless: tuple[str, str], payload: str) -> None:
    for found, plain in zip(said(site, payload), harmless, strict=True):
        assert skeleton(found) == skeleton(plain)
        assert words(found).count(payload) == words(plain).count("harmless") > 0


def test_a_keys_label_and_a_projects_name_do_not_become_markup(browser: Browser) -> None:
    browser.site.post("/v1/keys", {"role": "viewer", "label": PAYLOADS[0]})
    browser.sign_in()
    assert "<script" not in browser.get("/").text


def test_other_addresses_answer_problems_as_ever(site: Site) -> None:
    answer = site.get("/nowhere", role=None)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_every_route_is_a_page_of_the_dashboard_or_stands_in_the_api_document(site: Site) -> None:
    document = openapi_document()["paths"]
    for rule in site.app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] != NAME:
            assert re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) in document
    assert {name for _, _, name, _ in ROUTES} == {
        rule.endpoint.removeprefix(f"{NAME}.")
        for rule in site.app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{NAME}.")
    }


def test_reading_a_report_records_nothing(busy: Browser, clock: Clock) -> None:
    before = busy.site.get("/v1/audit").text
    clock.wait(minutes=1)
    for path in (f"/experiments/{KEY}", f"/experiments/{KEY}/report.html", "/sign-in"):
        busy.get(path)
    assert busy.site.get("/v1/audit").text == before


def test_the_pages_load_no_statistics_before_a_result_is_asked_for() -> None:
    program = "import sys, service.dashboard.blueprint; print({'scipy', 'statsmodels'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_page_tells_which_principle_works_over_all_experiments(busy: Browser) -> None:
    assert 'href="/principles"' in busy.get("/").text
    page = busy.get("/principles")
    assert page.status_code == 200
    assert "Which persuasion principle works?" in words(page.text)
    assert "No experiment that has started has a treatment with a persuasion principle yet." in words(
        page.text
    )
