"""The form that clears an alarm: for whom it is there, and what it takes."""

from __future__ import annotations

import pytest

from service.use_cases.credentials import Role
from tests.api_client import KEY, exposure
from tests.factories import A_MONDAY
from tests.markup import words
from tests.service.dashboard.conftest import Browser

PAGE = f"/experiments/{KEY}"
FORM = f"{PAGE}/clear"


@pytest.fixture
def alarmed(browser: Browser) -> Browser:
    """A browser that nobody has signed in with, at an experiment whose treatment nobody saw."""
    site = browser.site.running()
    at = A_MONDAY.isoformat()
    site.send(*(exposure(f"x{n}", f"u{n}", occurred_at=at) for n in range(15)))
    site.send(*(exposure(f"y{n}", f"v{n}", "progress", occurred_at=at) for n in range(60)))
    site.fold()
    assert site.get(f"/v1/experiments/{KEY}/results").json["verdict"]["outcome"] == "invalid"
    return browser


def test_an_editor_clears_an_alarm_with_a_reason(alarmed: Browser) -> None:
    alarmed.sign_in(Role.EDITOR)
    assert f'action="{FORM}"' in alarmed.get(PAGE).text
    answer = alarmed.send(FORM, {"token": alarmed.form_token(), "reason": "A test <b>of ours</b>."})
    assert (answer.status_code, answer.location) == (303, f"{PAGE}#checks")
    page = alarmed.get(PAGE)
    assert f'action="{FORM}"' not in page.text
    assert "A test <b>of ours</b>." in words(page.text)
    assert "<b>of ours</b>" not in page.text
    refused = alarmed.send(FORM, {"token": alarmed.form_token(), "reason": "Again."})
    assert refused.status_code == 409
    assert "no alarm" in refused.text


def test_a_viewer_is_shown_no_form_and_may_not_send_it(alarmed: Browser) -> None:
    alarmed.sign_in(Role.VIEWER)
    assert f'action="{FORM}"' not in alarmed.get(PAGE).text
    assert alarmed.send(FORM, {"token": alarmed.form_token(), "reason": "Why not."}).status_code == 403


def test_a_form_of_another_session_or_site_clears_nothing(alarmed: Browser) -> None:
    alarmed.sign_in(Role.EDITOR)
    form = {"token": alarmed.form_token(), "reason": "Why not."}
    assert alarmed.send(FORM, {**form, "token": "0" * 64}).status_code == 403
    assert alarmed.send(FORM, form, Origin="https://elsewhere.example").status_code == 403
    assert f'action="{FORM}"' in alarmed.get(PAGE).text


def test_a_reason_that_says_nothing_is_refused(alarmed: Browser) -> None:
    alarmed.sign_in(Role.EDITOR)
    assert alarmed.send(FORM, {"token": alarmed.form_token(), "reason": " "}).status_code == 400


def test_nobody_signed_in_is_led_to_the_sign_in_page(alarmed: Browser) -> None:
    assert alarmed.send(FORM, {"reason": "Why not."}).status_code == 303
    alarmed.sign_in(Role.EDITOR)
    assert f'action="{FORM}"' in alarmed.get(PAGE).text
