"""The house keeps its shape: rooms, import directions, sizes, and promises that the documents make."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.util import find_spec
from pathlib import Path

import pytest

import dev

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("keepgoing", "experiments", "service")
ROOMS = {
    "keepgoing": {"evaluation", "client", "source", "outbox", "transport", "errors", "integrations"},
    "experiments": {"errors", "model", "messages", "stats", "analysis", "simulation"},
    "service": {"app", "settings", "api", "dashboard", "cli", "use_cases", "storage"},
}
MOST_LINES = 400
NAMELESS = {"utils", "util", "helpers", "helper", "misc", "common"}
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
SDK_MODULES = ("", ".errors", ".evaluation.decide", ".transport", ".source", ".outbox", ".client")

LIST_FOREIGN_MODULES = """
import importlib, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(loaded - set(sys.stdlib_module_names) - {"keepgoing"}))
"""


def committed_files() -> list[Path]:
    """Every file that a clone would have, and those about to be added."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return unpacked_files()
    # The checkout of a build machine may belong to another account, which git takes amiss.
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def unpacked_files() -> list[Path]:
    """The same for a project that was unpacked from an archive: all but what tools have made in it."""
    made = {"__pycache__", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "dist"}
    made |= {".git", ".import_linter_cache", ".coverage", ".keepgoing"}
    found = (path for path in ROOT.rglob("*") if path.is_file() and path.suffix not in {".db", ".pyc"})
    return [path for path in found if not made & set(path.relative_to(ROOT).parts)]


def text_of(path: Path) -> str:
    """A file's text, with nothing in place of what is no text."""
    return path.read_text(encoding="utf-8", errors="ignore")


def places(pattern: str, files: list[Path]) -> list[str]:
    """Where a pattern occurs, as `file:line: text`."""
    wanted = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if wanted.search(line)
    ]


def modules() -> list[Path]:
    """The Python files of the product and its tests."""
    return [path for path in committed_files() if path.suffix == ".py"]


def explains_itself(command: str) -> bool:
    """Whether `keepgoing COMMAND --help` works."""
    program = "import sys; from service.cli.main import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program, command, "--help"], cwd=ROOT, capture_output=True)
    return done.returncode == 0


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that would be released now."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.fixture(scope="session")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """What the wheel says of itself."""
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


@pytest.mark.parametrize(("package", "room"), [(p, room) for p in PACKAGES for room in sorted(ROOMS[p])])
def test_every_package_has_its_rooms(package: str, room: str) -> None:
    assert find_spec(f"{package}.{room}") is not None


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_opens_with_what_it_is_for(package: str) -> None:
    unsaid = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        if path.stat().st_size and not text_of(path).startswith('"""')
    ]
    assert unsaid == []


def test_imports_run_one_way() -> None:
    command = [sys.executable, "-c", dev.IMPORT_CONTRACTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_is_two_ideas() -> None:
    sizes = {str(path.relative_to(ROOT)): text_of(path).count("\n") for path in modules()}
    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}


def test_every_module_has_a_name_that_says_something() -> None:
    assert [path for path in modules() if NAMELESS & {path.stem, path.parent.name}] == []


@pytest.mark.parametrize("module", SDK_MODULES, ids=lambda module: f"keepgoing{module}")
def test_importing_the_sdk_loads_the_standard_library_and_nothing_else(module: str) -> None:
    command = [sys.executable, "-c", LIST_FOREIGN_MODULES, f"keepgoing{module}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_wheel_needs_nothing_unless_an_extra_is_asked_for(metadata: Message) -> None:
    needs = metadata.get_all("Requires-Dist", [])
    assert [need for need in needs if "extra ==" not in need] == []
    assert set(metadata.get_all("Provides-Extra", [])) >= {"server", "postgres"}


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert "keepgoing/py.typed" in wheel.namelist()


def test_no_committed_file_names_a_place_on_this_machine() -> None:
    checkout = rf"(?<![\w./-]){re.escape(str(ROOT))}(?![\w-])"
    home = r"(?<![\w.-])/(home|Users)/\w+/|(?<![\w.-])/root/"
    assert places(f"{checkout}|{home}", [path for path in committed_files() if path != Path(__file__)]) == []


def test_no_committed_file_names_a_package_registry() -> None:
    hosts = r"pypi\.(org|python\.org)|pythonhosted\.org|--(extra-)?index-url|--find-links"
    assert places(hosts, [path for path in committed_files() if path != Path(__file__)]) == []


@pytest.mark.parametrize("lock", [dev.RUNTIME, dev.DEVELOPMENT], ids=lambda lock: lock.name)
def test_the_requirement_files_pin_hash_and_name_no_address(lock: Path) -> None:
    entries = text_of(lock).replace("\\\n", " ").splitlines()
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text_of(lock)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_of_dev_py_that_a_document_names_exists(document: str) -> None:
    named = re.findall(r"python3 dev\.py (\w+)", text_of(ROOT / document))
    assert named
    assert set(named) <= set(dev.COMMANDS)


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md"])
def test_every_link_between_documents_leads_somewhere(document: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text_of(ROOT / document))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_documents_name_commands_that_keepgoing_has() -> None:
    text = text_of(ROOT / "README.md") + text_of(ROOT / "Procfile")
    named = set(re.findall(r"(?:`|^|: |/)keepgoing ([a-z]+)\b", text, flags=re.MULTILINE))
    assert {"experiments", "analyze", "serve", "migrate", "worker"} <= named
    assert [name for name in sorted(named) if not explains_itself(name)] == []


def test_the_procfile_has_its_three_processes() -> None:
    lines = dict(line.split(": ", maxsplit=1) for line in text_of(ROOT / "Procfile").splitlines())
    assert set(lines) == {"release", "web", "worker"}
    assert "python:service.gunicorn_conf" in lines["web"]


def test_the_changelog_knows_the_version_or_what_is_not_yet_released() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        version_file = tomllib.load(file)["tool"]["hatch"]["version"]["path"]
    version = re.search(r'__version__ = "(.+)"', text_of(ROOT / version_file))
    assert version is not None
    assert re.search(
        rf"^## (Unreleased|{re.escape(version[1])})", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE
    )


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
