"""The command line as a whole: its help, its exit codes and where it speaks."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from service.cli.main import main
from service.cli.program import COMMANDS

PROBE = """
import sys
from service.cli.main import main
main(["--help"])
heavy = {"flask", "sqlmodel", "sqlalchemy", "scipy", "statsmodels", "numpy", "pydantic", "rich"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_in_the_table_answers_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = import_module(COMMANDS[name][0]).command
    assert main([name, "--help"]) == 0
    assert f"keepgoing {name}" in capsys.readouterr().out
    assert command.help
    assert COMMANDS[name][1].endswith(".")


def test_help_loads_nothing_heavy() -> None:
    found = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    for code in ("0 done", "1 failed", "2 wrong use", "3 gate not met", "4 not allowed", "130 interrupted"):
        assert code in words


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["keys", "create"],
        ["keys", "create", "--role", "king"],
        ["plan", "--baseline", "2"],
        ["--nope"],
    ],
)
def test_wrong_use_ends_with_2_and_says_so_on_standard_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error" in captured.err


def test_a_wrong_setting_ends_with_1_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEEPGOING_LOG_LEVEL", "shout")
    assert main(["keys", "list"]) == 1
    assert "KEEPGOING_LOG_LEVEL" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    script = f"{sys.executable} -m service.cli --help | head -1"
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert "Traceback" not in found.stderr
