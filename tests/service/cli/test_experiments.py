"""`keepgoing experiments`: from a file to a shipped variant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.api_client import KEY as SITE_KEY
from tests.api_client import Site, exposure
from tests.bad_definitions import VALID_DOCUMENT
from tests.service.cli.conftest import Keepgoing

KEY = VALID_DOCUMENT["experiments"][0]["key"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(VALID_DOCUMENT, allow_unicode=True), encoding="utf-8")
    return path


def test_applying_a_file_twice_changes_nothing_the_second_time(keepgoing: Keepgoing, file: Path) -> None:
    first = keepgoing("experiments", "apply", str(file), "--json").json
    assert {change["action"] for change in first} == {"created"}
    second = keepgoing("experiments", "apply", str(file), "--json").json
    assert {change["action"] for change in second} == {"unchanged"}


def test_a_dry_run_shows_the_difference_and_writes_nothing(keepgoing: Keepgoing, file: Path) -> None:
    keepgoing("experiments", "apply", str(file))
    document = json.loads(json.dumps(VALID_DOCUMENT))
    document["experiments"][0]["hypothesis"] = "Something else."
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    dry = keepgoing("experiments", "apply", str(file), "--dry-run")
    assert "Something else." in dry.out
    assert "nothing was written" in dry.err
    assert keepgoing("experiments", "show", KEY).json["definition"].get("hypothesis") != "Something else."


def test_the_file_may_come_by_standard_input(
    keepgoing: Keepgoing, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with file.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": stream})())
        assert keepgoing("experiments", "apply", "-").exit_code == 0


def test_faults_are_listed_with_their_places_and_nothing_is_stored(keepgoing: Keepgoing, file: Path) -> None:
    keepgoing("keys", "create", "--role", "sdk")
    document = json.loads(json.dumps(VALID_DOCUMENT))
    document["experiments"][0]["variants"][1]["weight"] = -1
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    answer = keepgoing("experiments", "apply", str(file))
    assert answer.exit_code == 1
    assert "/experiments/0/variants/1/weight" in answer.err
    assert keepgoing("experiments", "list", "--json").json == []


def test_an_experiment_lives_from_draft_to_shipped(keepgoing: Keepgoing, file: Path) -> None:
    keepgoing("experiments", "apply", str(file))
    for step, status in (("start", "running"), ("pause", "paused"), ("start", "running")):
        assert keepgoing("experiments", step, KEY).exit_code == 0
        assert keepgoing("experiments", "list", "--json").json[0]["status"] == status
    variant = VALID_DOCUMENT["experiments"][0]["variants"][1]["key"]
    assert keepgoing("experiments", "ship", KEY, "--variant", variant).exit_code == 0
    listed = keepgoing("experiments", "list", "--json").json[0]
    assert (listed["status"], listed["shipped"]) == ("stopped", variant)


def test_a_forbidden_step_says_why_and_changes_nothing(keepgoing: Keepgoing, file: Path) -> None:
    keepgoing("experiments", "apply", str(file))
    answer = keepgoing("experiments", "pause", KEY)
    assert answer.exit_code == 1
    assert "draft" in answer.err
    assert keepgoing("experiments", "list", "--json").json[0]["status"] == "draft"


def test_an_alarm_is_cleared_with_a_reason(keepgoing: Keepgoing, database_url: str) -> None:
    site = Site(database_url).running()
    site.send(*(exposure(f"x{n}", f"u{n}") for n in range(300)))
    site.fold()
    site.close()
    assert keepgoing("experiments", "clear", SITE_KEY, "--project", "shop").exit_code == 2
    cleared = keepgoing("experiments", "clear", SITE_KEY, "--reason", "A load test.", "--project", "shop")
    assert cleared.exit_code == 0
    shown = keepgoing("experiments", "show", SITE_KEY, "--project", "shop").json["clearances"]
    assert [(one["by"], one["reason"]) for one in shown] == [("cli", "A load test.")]
    report = keepgoing("report", SITE_KEY, "--project", "shop").out
    assert "A load test." in report
    assert "was cleared by a person on" in report
    again = keepgoing("experiments", "clear", SITE_KEY, "--reason", "Again.", "--project", "shop")
    assert again.exit_code == 0  # an empty variant is of gate 1, its split of gate 2
    done = keepgoing("experiments", "clear", SITE_KEY, "--reason", "Again.", "--project", "shop")
    assert done.exit_code == 1
    assert "no alarm" in done.err


def test_an_empty_list_is_an_empty_list_in_json_and_a_hint_for_people(keepgoing: Keepgoing) -> None:
    keepgoing("keys", "create", "--role", "sdk")
    assert keepgoing("experiments", "list", "--json").json == []
    assert "apply FILE" in keepgoing("experiments", "list").err
