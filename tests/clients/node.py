"""Real clients in Node: installed once beside this file, where Node is there at all."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent
MODULES = FOLDER / "node_modules"
PAGE = FOLDER.parents[1] / "docs" / "api.md"
LONGEST_SUBCLASS = 20
SECONDS = 120


def run(script: str, *arguments: str) -> Any:
    """What a script of this folder prints, as JSON; skips the test where there is no Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed")
    _install(npm)
    done = subprocess.run(
        [node, script, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _install(npm: str) -> None:
    """Installs what the lock names, once for all processes that run tests."""
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = MODULES / ".stamp"
        wanted = (FOLDER / "package-lock.json").read_text()
        if not stamp.exists() or stamp.read_text() != wanted:
            command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=SECONDS)
            stamp.write_text(wanted)


def documented_provider() -> str:
    """The subclass that docs/api.md shows."""
    found = re.search(r"^```js\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None, "docs/api.md shows no provider"
    return found[1]
