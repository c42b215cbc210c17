"""`keepgoing demo`: real experiments in an embedded database, from nothing to a verdict, served."""

from __future__ import annotations

import json
import webbrowser
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from service.cli.console import progress, put, say
from service.cli.report import markdown_of
from service.cli.web_server import Address, free, serve, with_secret
from service.cli.workspace import Workspace, pass_workspace
from service.demo import facts, replay
from service.settings import Settings
from service.use_cases import keys, sessions
from service.use_cases.backend import Backend, open_backend
from service.use_cases.credentials import Role
from service.use_cases.paging import PageOf
from service.use_cases.results import results
from service.use_cases.scope import Scope
from service.use_cases.verdicts import record_verdict

FOLDER = ".keepgoing"
LABEL = "demo"
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Doors:
    """How the demo is entered, as `--json` prints it."""

    url: str
    viewer_key: str
    admin_key: str
    experiments: list[str]
    sign_in_url: str


@click.command(name="demo")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks one.")
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when the service is ready.")
@click.option("--report-only", is_flag=True, help="Print the report on Cookie Cats and end.")
@click.option("--fresh", is_flag=True, help="Throw the demo's database away and replay everything.")
@pass_workspace
def command(
    workspace: Workspace,
    host: str,
    port: int,
    no_browser: bool,
    as_json: bool,
    report_only: bool,
    fresh: bool,
) -> None:
    """Serve real experiments from an embedded database, with their results.

    Replays 90,189 players of Cookie Cats meeting a wall and three headline experiments of Upworthy from their
    published counts, and an experiment on INSUFFICIENT_BALANCE whose users are simulated and labelled so. All
    events go the way of any host's events. The database is .keepgoing/demo.db in this folder.
    """
    address = None if report_only else free(host, port)
    settings = with_secret(_settings(workspace.settings, fresh=fresh))
    backend = open_backend(
        settings.database_url,
        key_cache_seconds=settings.key_cache_seconds,
        ruleset_poll_seconds=settings.ruleset_poll_seconds,
    )
    try:
        scope = _filled(backend)
        if address is None:
            put(markdown_of(scope, facts.COOKIE_CATS))
            return
        for key in replay.shown():
            record_verdict(scope, key)
        doors = _doors(scope, address)
        if not as_json:
            _tell_verdicts(scope)
    finally:
        backend.close()
    serve(settings, address, workers=1, threads=16, ready=lambda: _announce(doors, as_json, not no_browser))


def _settings(settings: Settings, *, fresh: bool) -> Settings:
    """The settings with the demo's own database, whatever the environment's is."""
    folder = Path(FOLDER)
    folder.mkdir(exist_ok=True)
    if fresh:
        for old in folder.glob("demo.db*"):
            old.unlink()
    return settings.model_copy(update={"database_url": f"sqlite:///{folder / 'demo.db'}"})


def _filled(backend: Backend) -> Scope:
    """The demo's project, replayed if it is not yet."""
    scope = replay.open_scope(backend, datetime.now(UTC))
    if not replay.is_loaded(scope):
        with progress("Replaying events", replay.total_events()) as advance:
            replay.load(backend, scope, advance)
    return scope


def _doors(scope: Scope, address: Address) -> Doors:
    """New keys for this run; those of runs before end."""
    for old in keys.list_keys(scope, PageOf(limit=MOST)).items:
        if old.label == LABEL:
            keys.delete_key(scope, old.id)
    viewer, viewer_secret = keys.create_key(scope, Role.VIEWER, label=LABEL)
    _, admin_secret = keys.create_key(scope, Role.ADMIN, label=LABEL)
    link = f"{address.url}/sign-in/{sessions.make_link(scope, viewer.id)}"
    return Doors(address.url, viewer_secret, admin_secret, replay.shown(), link)


def _tell_verdicts(scope: Scope) -> None:
    for key in replay.shown():
        found = results(scope, key).document()
        say("")
        say(f"{key}: {found['verdict']['outcome']}")
        for line in (*found["notes"], *found["verdict"]["reasons"]):
            say(f"  {line}")


def _announce(doors: Doors, as_json: bool, browser: bool) -> None:
    if as_json:
        put(json.dumps(asdict(doors)))
        return
    say("")
    say(f"The dashboard: {doors.sign_in_url}")
    say(f"  (the link works once, for ten minutes; afterwards {doors.url}/ takes the key below)")
    say(f"As JSON: curl -H 'Authorization: Bearer {doors.viewer_key}' \\")
    say(f"           {doors.url}/v1/experiments/{facts.COOKIE_CATS}/results")
    say("Ctrl-C ends it.")
    if browser:
        webbrowser.open(doors.sign_in_url)
