"""`keepgoing report`: formats, places, moments, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, exposure
from tests.service.cli.conftest import Keepgoing

REPORT = ("report", KEY, "--project", "shop")


@pytest.fixture
def stored(database_url: str) -> Site:
    """A running experiment with two participants; the service itself is closed again."""
    site = Site(database_url)
    site.running(plan={"primary": "recharge", "segments": ["plan"]})
    sent = site.send(exposure("x1", "a", context={"plan": "pro"}), exposure("x2", "b", "progress"))
    assert sent.status_code == 200
    site.fold()
    site.close()
    return site


@pytest.mark.usefixtures("stored")
def test_by_default_it_is_markdown_on_standard_output(keepgoing: Keepgoing) -> None:
    answer = keepgoing(*REPORT)
    assert answer.exit_code == 0, answer.err
    assert answer.out.startswith(f"# {KEY}\n")
    assert "**Still collecting.**" in answer.out


@pytest.mark.usefixtures("stored")
def test_json_is_the_results_document(keepgoing: Keepgoing) -> None:
    answer = keepgoing(*REPORT, "--format", "json")
    assert answer.json["experiment"] == KEY
    assert answer.json["verdict"]["outcome"] == "collecting"
    assert [variant["participants"] for variant in answer.json["variants"]] == [1, 1]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("name", "start"),
    [("r.html", "<!doctype html>"), ("r.md", "# "), ("r.json", "{"), ("r.HTM", "<!doctype")],
)
def test_the_ending_of_the_file_decides_the_format(
    keepgoing: Keepgoing, tmp_path: Path, name: str, start: str
) -> None:
    answer = keepgoing(*REPORT, "--output", str(tmp_path / name))
    assert answer.exit_code == 0, answer.err
    assert answer.out == ""
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert [path.name for path in tmp_path.glob("r.*")] == [name]


@pytest.mark.usefixtures("stored")
def test_the_format_that_was_asked_for_goes_before_the_ending(keepgoing: Keepgoing, tmp_path: Path) -> None:
    keepgoing(*REPORT, "--output", str(tmp_path / "report.html"), "--format", "md")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.usefixtures("stored")
def test_the_same_moment_gives_the_same_bytes(keepgoing: Keepgoing) -> None:
    moment = datetime.now(UTC).isoformat()
    first, second = (keepgoing(*REPORT, "--as-of", moment, "--format", "html").out for _ in range(2))
    assert first == second


@pytest.mark.usefixtures("stored")
def test_a_breakdown_stands_in_the_report(keepgoing: Keepgoing) -> None:
    assert "plan = pro" in keepgoing(*REPORT, "--segment", "plan").out


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("extension", ["csv", "pdf"])
def test_formats_to_come_say_so(keepgoing: Keepgoing, tmp_path: Path, extension: str) -> None:
    for arguments in (["--format", extension], ["--output", str(tmp_path / f"r.{extension}")]):
        answer = keepgoing(*REPORT, *arguments)
        assert answer.exit_code == 2
        assert f"{extension} is not available yet" in answer.err


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["--output", "report.docx"], 2, "--format"),
        (["--format", "docx"], 2, "docx"),
        (["--as-of", "yesterday"], 2, "like 2026-05-04T12:00:00Z"),
        (["--as-of", "2026-05-04T12:00:00"], 2, "no offset"),
        (["--as-of", (datetime.now(UTC) + timedelta(days=2)).isoformat()], 1, "lies ahead"),
        (["--segment", "country"], 1, "declares no segment 'country'"),
        (["--output", "/nowhere/at/all/report.md"], 1, "cannot be written"),
        (["--project", "nowhere"], 1, "nowhere"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_it_cannot_do_is_said_with_the_remedy(
    keepgoing: Keepgoing, arguments: list[str], exit_code: int, said: str
) -> None:
    answer = keepgoing(*REPORT, *arguments)
    assert answer.exit_code == exit_code
    assert said in answer.err
    assert answer.out == ""


@pytest.mark.usefixtures("stored")
def test_an_experiment_that_is_not_there_is_named(keepgoing: Keepgoing) -> None:
    answer = keepgoing("report", "nothing", "--project", "shop")
    assert answer.exit_code == 1
    assert "no experiment 'nothing'" in answer.err


def test_a_report_records_no_verdict(keepgoing: Keepgoing, stored: Site, database_url: str) -> None:
    keepgoing(*REPORT)
    site = Site(database_url)
    try:
        trail = site.call("GET", "/v1/audit", role=Role.ADMIN).text
    finally:
        site.close()
    assert "experiment.start" in trail
    assert "verdict.record" not in trail
