"""`docs/witnesses.md` names every public function of the statistics, each with witnesses that exist."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.witnesses.generate import VECTORS

ROOT = Path(__file__).parents[2]
ROWS = dict(
    re.findall(r"^\| `(\w+\.\w+)` \| (.+) \|$", (ROOT / "docs" / "witnesses.md").read_text(), re.MULTILINE)
)
STATISTICS = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
NO_METHOD = "no method of its own: "


def public_functions() -> set[str]:
    """Every function of `experiments/stats/` that others may call, as `module.function`."""
    return {
        f"{file.stem}.{node.name}"
        for file in (ROOT / "experiments" / "stats").glob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def all_tests() -> set[str]:
    """The names of all tests."""
    files = (ROOT / "tests").rglob("test_*.py")
    return {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.M)
    }


def questions() -> set[str]:
    """What packages were asked: `R: welch`."""
    known = json.loads(VECTORS.read_text())
    return {f"{package}: {one['method']}" for package, found in known.items() for one in found["answers"]}


def test_every_public_function_of_the_statistics_has_its_row() -> None:
    assert set(ROWS) == public_functions()


def test_every_witness_exists() -> None:
    named = {
        one for row in ROWS.values() if not row.startswith(NO_METHOD) for one in re.findall(r"`([^`]+)`", row)
    }
    assert named - all_tests() - questions() == set()


@pytest.mark.parametrize("function", sorted(ROWS))
def test_every_method_has_two_witnesses(function: str) -> None:
    row = ROWS[function]
    assert row.startswith(NO_METHOD) or len(set(re.findall(r"`([^`]+)`", row))) >= 2


def test_every_question_that_a_package_answered_is_a_witness_of_something() -> None:
    named = {one for row in ROWS.values() for one in re.findall(r"`([^`]+)`", row)}
    assert questions() - named == set()


@pytest.mark.parametrize("module", sorted({name.partition(".")[0] for name in public_functions()}))
def test_every_module_of_the_statistics_is_described(module: str) -> None:
    assert f"`{module}.py`" in STATISTICS


def test_every_test_that_the_documents_name_exists() -> None:
    named = set(re.findall(r"`(?:\w+\.py::)?(test_\w+)`", STATISTICS))
    assert named - all_tests() == set()


def test_every_test_file_that_the_documents_name_exists() -> None:
    named = set(re.findall(r"`((?:[\w/]+/)?test_\w+\.py)", STATISTICS))
    homes = [ROOT, *(ROOT / "tests" / "experiments" / room for room in ("", "stats", "analysis"))]
    assert [name for name in sorted(named) if not any((home / name).exists() for home in homes)] == []
