"""The command line as a person calls it, on a database of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from service.cli.main import main


class Answer(NamedTuple):
    """What one call left behind."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.out)


Keepgoing = Callable[..., Answer]


@pytest.fixture
def keepgoing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Keepgoing:
    """Calls the command line in this process: `keepgoing("keys", "list")`."""
    monkeypatch.setenv("KEEPGOING_DATABASE_URL", database_url)

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        exit_code = main(list(arguments))
        captured = capsys.readouterr()
        return Answer(exit_code, captured.out, captured.err)

    return call
