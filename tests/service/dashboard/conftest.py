"""A browser at the dashboard: it keeps cookies, and says where its forms come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from service.use_cases.credentials import Role
from tests.api_client import Site
from tests.factories import A_MONDAY

HOME = "http://localhost"
TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')


class Clock:
    """What is now, as the test says."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **duration: float) -> None:
        """Lets time pass."""
        self.now += timedelta(**duration)


class Browser:
    """One browser with its own cookies."""

    def __init__(self, site: Site, *, home: str = HOME) -> None:
        self.site, self.home = site, home
        self.client = site.app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        """The answer to an address that the person opens."""
        return self.client.get(path, base_url=self.home, headers={"Sec-Fetch-Site": "none", **headers})

    def send(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        """The answer to a form of a page of ours, unless headers say otherwise."""
        return self.client.post(path, base_url=self.home, data=form, headers={"Origin": self.home, **headers})

    def sign_in(
        self, role: Role = Role.VIEWER, *, project: str = "shop", going_on: str = "/", **headers: str
    ) -> TestResponse:
        """The answer to the sign-in form with the project's key of this role."""
        form = {"key": self.site.secrets[project, role], "next": going_on}
        return self.send("/sign-in", form, **headers)

    def sign_out(self) -> TestResponse:
        """The answer to the page's own sign-out form."""
        return self.send("/sign-out", {"token": self.form_token()})

    def form_token(self) -> str:
        """What the first page's form sends back."""
        found = TOKEN.search(self.get("/").text)
        assert found is not None
        return found.group(1)

    @property
    def is_signed_in(self) -> bool:
        """Whether the first page is shown."""
        return self.get("/").status_code == 200

    @property
    def secret(self) -> str:
        """The session's id in the cookie."""
        cookie = self.client.get_cookie("keepgoing")
        return cookie.value if cookie is not None else ""


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until the test lets it run."""
    return Clock(A_MONDAY)


@pytest.fixture
def dated_site(database_url: str, clock: Clock) -> Iterator[Site]:
    """A service whose time the test sets."""
    opened = Site(database_url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def browser(dated_site: Site) -> Browser:
    """A browser that nobody has signed in with."""
    return Browser(dated_site)
