"""A real `keepgoing serve` in its own process, and a client of it that has nothing but HTTP."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

READY_SECONDS = 40.0
ROOT = Path(__file__).resolve().parents[2]


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class ServiceProcess:
    """`keepgoing serve` on a database; started again on the same port after a kill."""

    def __init__(self, database_url: str, *, workers: int = 1, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "KEEPGOING_DATABASE_URL": database_url,
            "KEEPGOING_LOG_LEVEL": "error",
            "PYTHONPATH": str(ROOT),
        }
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._workers = workers
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        command = ["serve", "--port", str(self.port), "--workers", str(self._workers)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", *command],
            env=self.environment, cwd=self._folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Returns when it answers `/readyz`; fails loudly when it does not in time."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.call("GET", "/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the service was not ready within {READY_SECONDS:.0f} s")

    def kill(self) -> None:
        """kill -9 for the service and all its workers, in the middle of whatever they do."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Asks it to end, and waits."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._process.wait(20)
        self._process = None

    def call(
        self, method: str, path: str, *, key: str | None = None, body: object = None, zipped: bool = False
    ) -> Reply:
        """One request on a connection of its own."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if zipped and content is not None:
            content = gzip.compress(content)
            headers["Content-Encoding"] = "gzip"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=content, headers=headers)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()

    def keepgoing(self, *arguments: str) -> str:
        """Standard output of the command line on the same database; a failure is the test's."""
        found = subprocess.run(
            [sys.executable, "-m", "service.cli", *arguments],
            env=self.environment, cwd=self._folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stderr
        return found.stdout

    def key(self, role: str) -> str:
        """A new key of the default project."""
        secret: str = json.loads(self.keepgoing("keys", "create", "--role", role, "--json"))["secret"]
        return secret


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def python(
    script: str, *, environment: Mapping[str, str], folder: Path, arguments: Sequence[str] = ()
) -> str:
    """Standard output of a script in a Python of its own; a failure is the test's."""
    found = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return found.stdout
