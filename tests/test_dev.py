"""Set-up: quick when there is nothing to do, clear when it cannot be done, and true to pyproject.toml."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

import dev

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder in which dev.py thinks it stands, with one small requirements file."""
    project = tmp_path / "a project"  # with a space: paths of users have them
    project.mkdir()
    (project / "pyproject.toml").write_text("[project]\n")
    (project / "requirements.txt").write_text("one==1 --hash=sha256:0\n")
    monkeypatch.setattr(dev, "ROOT", project)
    monkeypatch.setattr(dev, "VENV", project / ".venv")
    monkeypatch.setattr(dev, "PYTHON", project / ".venv" / "bin" / "python")
    monkeypatch.setattr(dev, "LAUNCHER", project / ".venv" / "bin" / "keepgoing")
    monkeypatch.setattr(dev, "RUNTIME", project / "requirements.txt")
    return project


def make_empty_venv(project: Path) -> None:
    """A virtual environment without pip: made in a moment."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")]
    subprocess.run(command, check=True)


def run_dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    """dev.py as a user starts it."""
    command = [sys.executable, "dev.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def normal(name: str) -> str:
    """A package's name as every index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    """The packages that a list of requirements is about."""
    found = (re.match(r"[\w.-]+", line) for line in requirements)
    return {normal(name[0]) for name in found if name}


def locked(path: Path) -> set[str]:
    """The packages that a requirements file pins."""
    return names([line for line in path.read_text().splitlines() if "==" in line])


def extras() -> dict[str, list[str]]:
    """The optional dependencies of pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        optional: dict[str, list[str]] = tomllib.load(file)["project"]["optional-dependencies"]
    return optional


@pytest.mark.parametrize("arguments", [[], ["--help"]], ids=["nothing", "--help"])
def test_help_names_every_command(arguments: list[str]) -> None:
    done = run_dev(*arguments)
    assert done.returncode == 0
    assert [name for name in dev.COMMANDS if f"    {name}  " not in done.stdout] == []


def test_an_unknown_command_is_wrong_use() -> None:
    done = run_dev("deploy")
    assert done.returncode == 2
    assert "'deploy'" in done.stderr


def test_an_unknown_flag_of_check_is_refused_before_anything_runs() -> None:
    done = run_dev("check", "--fast")
    assert done.returncode == 1
    assert "check knows only --static, not --fast" in done.stderr


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "sys", SimpleNamespace(version_info=(3, 9, 2), stderr=sys.stderr))
    with pytest.raises(SystemExit) as ended:
        dev.require_python()
    assert ended.value.code == 1
    assert "Python 3.11 or newer is needed, this is 3.9" in capsys.readouterr().err


def test_an_old_python_can_read_the_file_that_refuses_it() -> None:
    ast.parse((ROOT / "dev.py").read_text(), feature_version=(3, 8))


def test_a_python_without_ensurepip_is_told_the_package_to_install(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit):
        dev.make_venv()
    version = ".".join(map(str, sys.version_info[:2]))
    assert f"apt install python{version}-venv" in capsys.readouterr().err
    assert not (elsewhere / ".venv").exists()


def test_a_half_made_environment_is_not_used(elsewhere: Path) -> None:
    assert not dev.usable_venv()
    make_empty_venv(elsewhere)
    assert not dev.usable_venv()


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml"])
def test_set_up_is_repeated_only_when_what_it_depends_on_has_changed(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    installed: list[Path] = []
    monkeypatch.setattr(dev, "usable_venv", lambda: True)
    monkeypatch.setattr(dev, "pip_install", installed.append)
    make_empty_venv(elsewhere)
    dev.set_up(dev.RUNTIME)
    dev.set_up(dev.RUNTIME)
    assert len(installed) == 1
    with (elsewhere / changed).open("a") as file:
        file.write("# changed\n")
    dev.set_up(dev.RUNTIME)
    assert len(installed) == 2


def test_a_failed_installation_shows_what_pip_said_and_is_not_remembered(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_empty_venv(elsewhere)
    monkeypatch.setattr(dev, "usable_venv", lambda: True)
    with pytest.raises(SystemExit) as ended:
        dev.set_up(dev.RUNTIME)
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "No module named pip" in said
    assert "could not install requirements.txt" in said
    assert not dev.is_current(dev.RUNTIME)


def test_the_launcher_starts_the_project_from_any_folder_and_passes_its_exit_code(
    elsewhere: Path, tmp_path: Path
) -> None:
    make_empty_venv(elsewhere)
    dev.link_project()
    rooms = elsewhere / "service" / "cli"
    rooms.mkdir(parents=True)
    (rooms / "main.py").write_text("import sys\ndef main():\n    print(sys.argv[1:])\n    return 3\n")
    command = [str(dev.LAUNCHER), "demo", "--port", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("['demo', '--port', '1']", 3)


def test_a_command_replaces_dev_py_so_that_signals_and_exit_codes_are_its_own() -> None:
    sleeper = "import time; print(1, flush=True); time.sleep(99)"
    program = f"import sys, dev; dev.become([sys.executable, '-c', {sleeper!r}])"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM


def test_a_command_runs_without_the_variables_that_would_disturb_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("KEEPGOING_LOG_LEVEL", "debug")
    assert dev.environment().keys() == os.environ.keys() - {
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
    }
    assert dev.environment()["KEEPGOING_LOG_LEVEL"] == "debug"


def test_check_runs_every_step_and_fails_when_one_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(dev, "set_up", lambda _: None)
    monkeypatch.setattr(dev, "STATIC_STEPS", {"broken": ["-c", "raise SystemExit(1)"], "sound": ["-c", ""]})
    with pytest.raises(SystemExit) as ended:
        dev.check(["--static"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert re.search(r"FAILED +\d+\.\d s  broken", said)
    assert re.search(r"ok +\d+\.\d s  sound", said)


def test_check_passes_when_every_step_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(dev, "set_up", lambda _: None)
    monkeypatch.setattr(dev, "STATIC_STEPS", {"sound": ["-c", ""]})
    with pytest.raises(SystemExit) as ended:
        dev.check(["--static"])
    assert ended.value.code == 0


def test_lock_without_uv_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit) as ended:
        dev.lock([])
    assert ended.value.code == 1
    assert "uv is needed" in capsys.readouterr().err


def test_every_dependency_of_the_project_is_locked() -> None:
    assert names(extras()["server"] + extras()["postgres"]) - locked(dev.RUNTIME) == set()
    assert names([line for lines in extras().values() for line in lines]) - locked(dev.DEVELOPMENT) == set()


def test_the_development_requirements_contain_those_of_the_runtime_unchanged() -> None:
    def pins(path: Path) -> set[str]:
        return {line.rstrip(" \\") for line in path.read_text().splitlines() if "==" in line}

    assert pins(dev.RUNTIME) - pins(dev.DEVELOPMENT) == set()


def test_ci_runs_the_steps_of_check() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for _, *step in dev.TEST_STEPS.values():
        assert f"python3 dev.py {' '.join(step)} " in script
    assert "python3 dev.py check --static " in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_launcher_starts_what_the_installed_command_would() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        entry = tomllib.load(file)["project"]["scripts"]["keepgoing"]
    module, _, function = entry.partition(":")
    assert f"from {module} import {function}\n" in dev.LAUNCHER_TEXT
