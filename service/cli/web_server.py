"""gunicorn in this process: for `serve` and `demo`; deployments use the Procfile."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from pydantic import SecretStr

from service.chores import Chores
from service.cli.console import say
from service.settings import Settings
from service.use_cases.scope import Database
from service.warmup import warm_up

WORKER_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """How a browser on this machine reaches it."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared
        return f"http://{f'[{shown}]' if ':' in shown and shown[0] != '[' else shown}:{self.port}"

    @property
    def bind(self) -> str:
        """How gunicorn writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def free(host: str, port: int) -> Address:
    """The address with a port that can be listened on; 0 picks one.

    Raises:
        ClickException: The port is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return Address(host, probe.getsockname()[1])
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on {host}:{port}: {error.strerror}. Try another --port."
        ) from error


class Master(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's master process, which remembers that a person has interrupted it."""

    interrupted = False

    def handle_int(self) -> None:
        """Ends as gunicorn does, for Ctrl-C."""
        self.interrupted = True
        super().handle_int()


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn serving the application that `load` makes in each worker."""

    def __init__(self, make: Callable[[], Flask], options: Mapping[str, Any]) -> None:
        self._make = make
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Hands the options to gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of one worker process."""
        return self._make()

    def run(self) -> None:
        """Serves until a signal ends it.

        Raises:
            KeyboardInterrupt: It was Ctrl-C; everything has been put away already.
            SystemExit: It was another signal, or no worker could start.
        """
        master = Master(self)
        try:
            master.run()
        except SystemExit as ending:
            if master.interrupted:
                raise KeyboardInterrupt from ending
            raise


def serve(
    settings: Settings,
    address: Address,
    *,
    workers: int,
    threads: int,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves until interrupted; on PostgreSQL a process that folds events runs beside it.

    Args:
        settings: Those of the environment; a missing secret is made up once for all workers.
        address: Where to listen.
        workers: How many processes.
        threads: How many threads each.
        ready: Called once, in the first worker, when requests are answered.
    """
    from service.app import create_app

    settings = with_secret(settings)
    options = {
        "bind": address.bind,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "control_socket_disable": True,
        "loglevel": "warning",
        "graceful_timeout": 10,
        "post_worker_init": lambda worker: _started(worker, settings, ready),
    }
    with _shared_figures(workers), _folding(settings):
        WebServer(lambda: create_app(settings), options).run()


def _started(worker: Any, settings: Settings, ready: Callable[[], None]) -> None:
    """In each worker: loads the analysis, and on SQLite does the chores, where no worker process runs; in the
    first one: says that requests are answered."""
    warm_up()
    if settings.database_url.startswith("sqlite"):
        Chores(Database(settings.database_url), say).start()
    if worker.age == 1:
        ready()


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret: every worker must sign sessions alike."""
    if settings.secret_key is not None:
        return settings
    return settings.model_copy(update={"secret_key": SecretStr(secrets.token_hex(32))})


@contextmanager
def _shared_figures(workers: int) -> Iterator[None]:
    """A folder in which several workers add up their metrics, unless the environment names one."""
    if workers == 1 or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="keepgoing-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


@contextmanager
def _folding(settings: Settings) -> Iterator[None]:
    """The worker process that PostgreSQL needs; SQLite folds in the transaction that stores."""
    if settings.database_url.startswith("sqlite"):
        yield
        return
    worker = subprocess.Popen([sys.executable, "-m", "service.cli", "worker"])
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(WORKER_STOP_SECONDS)
