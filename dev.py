#!/usr/bin/env python3
"""Sets Keepgoing up in .venv and runs it, its tests and its checks; needs Python 3.11 and nothing else."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LAUNCHER = VENV / "bin" / "keepgoing"
RUNTIME = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"
OLDEST_PYTHON = (3, 11)
# Foreign modules on the path, and compiling everything again in every run.
DISTURBING = {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"}

# A Python script that the shell starts: a plain #! line breaks on long paths and on spaces.
LAUNCHER_TEXT = """#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys

from service.cli.main import main

sys.exit(main())
"""

IMPORT_CONTRACTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
STATIC_STEPS = {
    "format": ["-m", "ruff", "format", "--check", "."],
    "lint": ["-m", "ruff", "check", "."],
    "types": ["-m", "mypy"],
    "types of the tools": ["-m", "mypy", "dev.py", "tests/conftest.py", "tests/postgres.py"],
    "import contracts": ["-c", IMPORT_CONTRACTS],
}
TEST_STEPS = {
    "tests on SQLite": ["dev.py", "test", "--cov", "--cov-report=term:skip-covered"],
    "tests on PostgreSQL": ["dev.py", "test", "--database", "postgres"],
}
# Whole files, so that what a module sets up once is set up once; `-n0` after `test` runs them one by one.
SIDE_BY_SIDE = ["-n", "auto", "--dist", "loadfile"]
LOCKS = {
    RUNTIME: ["--extra", "server", "--extra", "postgres", "--extra", "warehouse"],
    DEVELOPMENT: [
        *("--extra", "server", "--extra", "postgres", "--extra", "warehouse", "--extra", "dev"),
        *("-c", RUNTIME.name),
    ],
}
LOCK_FLAGS = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]


def say(message: str) -> None:
    """One line of progress on standard error; standard output belongs to the command that is run."""
    print(f"dev.py: {message}", file=sys.stderr, flush=True)


def stop(message: str) -> NoReturn:
    """Ends with exit code 1 and a message for a person."""
    say(message)
    raise SystemExit(1)


def require_python() -> None:
    """Stops when this Python is older than the project allows."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        found, needed = (".".join(map(str, v)) for v in (sys.version_info[:2], OLDEST_PYTHON))
        stop(f"Python {needed} or newer is needed, this is {found}. Try: python{needed} dev.py")


def usable_venv() -> bool:
    """Whether .venv holds a new enough Python with pip; false after an interrupted set-up."""
    probe = f"import sys, pip; sys.exit(sys.version_info[:2] < {OLDEST_PYTHON})"
    command = [str(PYTHON), "-I", "-c", probe]
    return PYTHON.exists() and subprocess.run(command, capture_output=True).returncode == 0


def make_venv() -> None:
    """Makes .venv afresh."""
    if importlib.util.find_spec("ensurepip") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        stop(f"This Python lacks ensurepip. On Debian and Ubuntu: apt install python{version}-venv")
    say("making .venv")
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)]).returncode:
        stop("python -m venv failed; its message stands above.")


def stamp(lock: Path) -> Path:
    """The file that says which state of a requirements file .venv was last made to agree with."""
    return VENV / f"{lock.stem}.stamp"


def digest(lock: Path) -> str:
    """What a stamp must hold to be current: requirements, the project's definition, and where it stands."""
    files = b"\0".join(path.read_bytes() for path in (lock, ROOT / "pyproject.toml", Path(__file__)))
    return hashlib.sha256(files + str(ROOT).encode()).hexdigest()


def is_current(lock: Path) -> bool:
    """Whether .venv holds what the requirements file names; a millisecond, so a second run starts at once."""
    return PYTHON.exists() and stamp(lock).exists() and stamp(lock).read_text() == digest(lock)


def pip_install(lock: Path) -> None:
    """Installs exactly the pinned and hashed requirements; pip's own words are shown only when it fails."""
    total = lock.read_text().count("==")
    say(f"installing up to {total} packages from {lock.name}; the first time takes one to two minutes")
    # No compiling here: it costs more than compiling, on first import, the part that is really used.
    pip_itself = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    how = ["--no-compile", "--no-deps", "--require-hashes", "--progress-bar", "off"]
    command = [*pip_itself, "install", *how, "-r", str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        words = [shown(line) for line in pip.stdout or ()]
    if pip.returncode:
        print("".join(words), file=sys.stderr)
        stop(f"pip could not install {lock.name}; its message stands above. The next run tries again.")


def shown(line: str) -> str:
    """A line of pip's unchanged; on a terminal it is also a sign of life when it names the next package."""
    if line.startswith("Collecting ") and sys.stderr.isatty():
        print(f"\r\033[K{line.split()[1]}\r", end="", file=sys.stderr, flush=True)
    return line


def link_project() -> None:
    """Makes the project's packages importable in .venv, and its command startable, without a build tool."""
    ask = [str(PYTHON), "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    folder = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    (folder / "keepgoing-project.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    LAUNCHER.write_text(LAUNCHER_TEXT.format(python=shlex.quote(str(PYTHON))), encoding="utf-8")
    LAUNCHER.chmod(0o755)


def set_up(lock: Path) -> None:
    """Brings .venv into the state that a requirements file names, when it is not there yet."""
    if is_current(lock):
        return
    started = time.monotonic()
    if not usable_venv():
        make_venv()
    pip_install(lock)
    link_project()
    for satisfied in {lock, RUNTIME}:  # the development requirements contain those of the runtime
        stamp(satisfied).write_text(digest(satisfied))
    say(f"set up in {time.monotonic() - started:.0f} s")


def environment() -> dict[str, str]:
    """The environment without what would disturb a command run in .venv."""
    return {name: value for name, value in os.environ.items() if name not in DISTURBING}


def become(command: list[str]) -> NoReturn:
    """Turns this process into the command, so that exit codes, signals and Ctrl-C are its own."""
    sys.stdout.flush()
    os.execve(command[0], command, environment())


def demo(arguments: list[str]) -> NoReturn:
    """set up and run the demo on real data; what follows goes to `keepgoing demo`"""
    set_up(RUNTIME)
    say("starting the demo")
    become([str(PYTHON), str(LAUNCHER), "demo", *arguments])


def test(arguments: list[str]) -> NoReturn:
    """set up and run the tests on SQLite; what follows (--slow, --database postgres, -k …) goes to pytest"""
    set_up(DEVELOPMENT)
    os.chdir(ROOT)
    become([str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, *arguments])


def check(arguments: list[str]) -> NoReturn:
    """set up and run all that CI runs; --static leaves the tests out"""
    if unknown := set(arguments) - {"--static"}:
        stop(f"check knows only --static, not {' '.join(sorted(unknown))}.")
    set_up(DEVELOPMENT)
    steps = STATIC_STEPS if arguments else STATIC_STEPS | TEST_STEPS
    outcomes = [(name, *run_step(name, command)) for name, command in steps.items()]
    for name, passed, seconds in outcomes:
        say(f"{'ok    ' if passed else 'FAILED'} {seconds:6.1f} s  {name}")
    raise SystemExit(any(not passed for _, passed, _ in outcomes))


def run_step(name: str, command: list[str]) -> tuple[bool, float]:
    """Whether a step of the checks passed, and how many seconds it took."""
    say(f"checking: {name}")
    started = time.monotonic()
    passed = subprocess.run([str(PYTHON), *command], cwd=ROOT, env=environment()).returncode == 0
    return passed, time.monotonic() - started


def lock(arguments: list[str]) -> NoReturn:
    """write both requirement files anew from pyproject.toml (needs uv; --upgrade takes newer versions)"""
    uv = shutil.which("uv") or stop("uv is needed to write the requirement files and is not on the PATH.")
    for target, extras in LOCKS.items():
        say(f"writing {target.name}")
        command = [
            uv,
            "pip",
            "compile",
            "pyproject.toml",
            *extras,
            *LOCK_FLAGS,
            "-q",
            "-o",
            target.name,
            *arguments,
        ]
        if code := subprocess.run(command, cwd=ROOT).returncode:
            raise SystemExit(code)
    raise SystemExit(0)


COMMANDS = {"demo": demo, "test": test, "check": check, "lock": lock}


def parser() -> argparse.ArgumentParser:
    """The parser of the command's name; everything after it belongs to the command."""
    made = argparse.ArgumentParser(prog="dev.py", description=__doc__)
    commands = made.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__, add_help=False)
    return made


def main(arguments: list[str]) -> int:
    """The exit code, where the command has not already ended the process."""
    require_python()
    made = parser()
    chosen, rest = made.parse_known_args(arguments[:1])[0], arguments[1:]
    if chosen.command is None:
        made.print_help()
        return 0
    return COMMANDS[chosen.command](rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
