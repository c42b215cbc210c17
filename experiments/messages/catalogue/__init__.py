"""The starter catalogue: wordings written for this project, in English and German, to begin from."""

from __future__ import annotations

from importlib.resources import files


def starter() -> str:
    """The definitions that `keepgoing init` writes: six walls, and an experiment on each."""
    return files(__package__).joinpath("starter.yaml").read_text(encoding="utf-8")
