"""Asks another package the questions of `inputs` and keeps its answers as vectors for the tests.

Run at the top of the repository, in an environment that has the package, one package at a time:

    python -m tests.witnesses.generate gbstats

The packages cannot all live beside the project's own requirements (gbstats wants pandas 1), so their answers
are kept, with the version that gave them.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

VECTORS = Path(__file__).parents[1] / "vectors" / "witnesses.json"
PACKAGES = {
    "gbstats": "by_gbstats",
    "tea-tasting": "by_tea_tasting",
    "spotify-confidence": "by_spotify_confidence",
    "lifelines": "by_lifelines",
    "savvi": "by_savvi",
    "R": "by_r",
}


def main(package: str) -> None:
    """Puts the package's answers in place of those it gave before."""
    module = import_module(f"tests.witnesses.{PACKAGES[package]}")
    answers = [{"method": method, "case": case, "answer": answer} for method, case, answer in module.rows()]
    known = json.loads(VECTORS.read_text()) if VECTORS.exists() else {}
    known[package] = {"version": _version(module, package), "answers": answers}
    VECTORS.write_text(json.dumps(known, indent=1, sort_keys=True, allow_nan=False) + "\n")


def _version(module: ModuleType, package: str) -> str:
    """R is no Python package: its module says itself what it asked."""
    return str(module.version()) if hasattr(module, "version") else version(package)


if __name__ == "__main__":
    main(sys.argv[1])
