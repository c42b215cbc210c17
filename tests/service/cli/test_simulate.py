"""`keepgoing simulate`: the contract's members, the same numbers for a seed, wrong use that is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.experiments.simulation.builders import QUICK_PLAN
from tests.factories import definitions_document, experiment_document, metric_document
from tests.service.cli.conftest import Answer, Keepgoing

KEY = "low-balance-framing"
QUICK = ("--runs", "6", "--processes", "1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An experiment of two variants with a guardrail, and one whose primary metric is a mean."""
    contact = {
        "key": "support_contact",
        "event": "support_contact",
        "window_days": 1,
        "direction": "decrease",
    }
    value = {"key": "value", "kind": "mean", "event": "recharge", "window_days": 1}
    guard = [{"metric": "support_contact", "margin": 0.02}]
    document = definitions_document(
        metrics=[metric_document(window_days=1), metric_document(**contact), metric_document(**value)],
        experiments=[
            experiment_document(plan={"primary": "recharge", "guardrails": guard, **QUICK_PLAN}),
            experiment_document(key="worth", plan={"primary": "value", **QUICK_PLAN}),
        ],
    )
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def simulate(keepgoing: Keepgoing, file: Path) -> Keepgoing:
    """Simulates the experiment of the file, or another one where `--experiment` is given."""

    def call(*arguments: str) -> Answer:
        key = () if "--experiment" in arguments else ("--experiment", KEY)
        return keepgoing("simulate", "--definitions", str(file), *key, *arguments)

    return call


def test_it_has_the_members_of_the_contract_each_with_its_error(simulate: Keepgoing) -> None:
    answer = simulate("--true-rate", "control=0.10", "--true-rate", "progress=0.14", "--json", *QUICK)
    assert answer.exit_code == 0, answer.err
    for name in ("power", "coverage", "expected_days"):
        assert answer.json[name]["estimate"] > 0
        assert answer.json[name]["standard_error"] >= 0
    assert answer.json["false_positive_rate"]["estimate"] is None
    assert "truly differs" in answer.json["false_positive_rate"]["reason"]
    assert answer.json["truth"]["recharge"]["variants"] == {"control": 0.10, "progress": 0.14}
    assert sum(one["estimate"] for one in answer.json["outcomes"].values()) == pytest.approx(1.0)


def test_without_rates_nothing_differs_and_the_assumption_is_said(simulate: Keepgoing) -> None:
    answer = simulate("--json", *QUICK)
    assert answer.json["power"]["estimate"] is None
    assert answer.json["false_positive_rate"]["estimate"] is not None
    assert answer.json["truth"]["recharge"]["control_from"] == "assumed"
    assert answer.json["truth"]["support_contact"]["variants"] == {"control": 0.05, "progress": 0.05}


def test_the_seed_decides_the_numbers_and_the_processes_do_not(simulate: Keepgoing) -> None:
    first = simulate("--json", "--runs", "6", "--processes", "1", "--seed", "5")
    again = simulate("--json", "--runs", "6", "--processes", "2", "--seed", "5")
    other = simulate("--json", "--runs", "6", "--processes", "1", "--seed", "6")
    assert first.out == again.out
    assert first.out != other.out


@pytest.mark.parametrize(
    "rates",
    [
        ("--true-rate", "control=0.2", "--true-rate", "progress=0.3"),
        ("--true-rate", "control=0.2", "progress=0.3"),
        ("--true-rate", "CONTROL=0.2,progress=0.3"),
    ],
)
def test_rates_may_be_written_in_several_ways(simulate: Keepgoing, rates: tuple[str, ...]) -> None:
    answer = simulate(*rates, "--json", "--daily", "50", "--looks", "2", *QUICK)
    assert answer.exit_code == 0, answer.err
    assert answer.json["truth"]["recharge"]["variants"] == {"control": 0.2, "progress": 0.3}
    assert (answer.json["daily"], answer.json["looks"]) == (50, 2)


def test_a_person_gets_tables_with_reasons_and_truths(simulate: Keepgoing) -> None:
    answer = simulate("--guardrail", "support_contact:progress=0.3", *QUICK)
    assert answer.exit_code == 0, answer.err
    assert "false positives" in answer.out
    assert "No power: No treatment truly differs" in answer.out
    assert "support_contact: control 0.05, progress 0.3 (assumed)" in answer.out
    assert "Simulating 6 experiments" in answer.err


def test_a_mean_is_simulated_with_its_spread(simulate: Keepgoing) -> None:
    answer = simulate(
        "--experiment", "worth", "--true-mean", "control=2", "--true-mean", "progress=3", "--sd", "3",
        "--shape", "lognormal", "--valued", "0.6", "--json", *QUICK,
    )  # fmt: skip
    assert answer.exit_code == 0, answer.err
    truth = answer.json["truth"]["value"]
    assert (truth["deviation"], truth["shape"], truth["valued"]) == (3.0, "lognormal", 0.6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--true-rate", "shiny=0.1"), "no variant is called 'shiny', use one of control, progress"),
        (("--true-rate", "control=1.5"), "must be > 0 and < 1"),
        (("--true-rate", "control=0"), "must be > 0 and < 1"),
        (("--true-rate", "control=nan"), "must be NAME=NUMBER"),
        (("--true-rate", "control"), "must be NAME=NUMBER"),
        (("--true-rate", "control=0.1", "--true-rate", "control=0.2"), "given twice"),
        (("--true-mean", "control=3"), "is a rate"),
        (("--guardrail", "errors=0.1"), "is no guardrail of the plan; it has: support_contact"),
        (("--guardrail", "support_contact:shiny=0.1"), "no variant is called 'shiny'"),
        (("--experiment", "unheard-of"), "is not among the definitions: low-balance-framing, worth"),
        (("--experiment", "worth"), "give the mean of 'control'"),
        (("--runs", "1"), "--runs"),
        (("--looks", "0"), "--looks"),
        (("--daily", "0"), "--daily"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(
    simulate: Keepgoing, arguments: tuple[str, ...], said: str
) -> None:
    answer = simulate(*arguments)
    assert answer.exit_code == 2
    assert answer.out == ""
    assert said in " ".join(answer.err.split())


def test_a_file_that_is_not_there_is_wrong_use(keepgoing: Keepgoing) -> None:
    assert keepgoing("simulate", "--definitions", "nowhere.yaml", "--experiment", KEY).exit_code == 2


def test_bad_definitions_are_told_with_their_places(keepgoing: Keepgoing, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("experiments: [{key: x}]", encoding="utf-8")
    answer = keepgoing("simulate", "--definitions", str(bad), "--experiment", "x")
    assert answer.exit_code == 1
    assert "/experiments/0" in answer.err


PROCESSES = Path("/proc")
needs_proc = pytest.mark.skipif(not PROCESSES.exists(), reason="sees processes in /proc")
LAUNCHER = """
import sys
from service.cli.main import main
sys.exit(main())
"""  # without the guard that the workers of a pool are used to


@pytest.fixture
def started(file: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A long simulation in a session of its own, whose workers have begun."""
    launcher = tmp_path / "launcher.py"
    launcher.write_text(LAUNCHER, encoding="utf-8")
    command = [sys.executable, str(launcher), "simulate", "--definitions", str(file), "--experiment", KEY]
    command += ["--runs", "100000", "--processes", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        command, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: len(others_of(process.pid)) >= 3)  # two workers and the tracker of their resources
        yield process
        if others_of(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def others_of(session: int) -> list[int]:
    """The processes of a session, its leader left out; field 4 after the name is the session."""
    found: list[int] = []
    for process in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            found += [int(process.name)] if fields[3] == str(session) and fields[0] != "Z" else []
    return [pid for pid in found if pid != session]


def wait_for(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Returns once the condition holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@needs_proc
def test_an_interrupt_ends_it_with_130_and_leaves_no_worker(started: subprocess.Popen[str]) -> None:
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Traceback" not in said
    wait_for(lambda: not others_of(started.pid))


@needs_proc
def test_workers_end_when_the_process_that_waits_for_them_is_killed(started: subprocess.Popen[str]) -> None:
    started.kill()
    wait_for(lambda: not others_of(started.pid))
