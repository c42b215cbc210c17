"""How gunicorn serves Keepgoing in production; the `web` line of the Procfile points here."""

from __future__ import annotations

import os
from typing import Protocol

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", 0)) or os.cpu_count() or 1

# Sync workers stop at one half-sent request; threads let the others pass.
worker_class = "gthread"
threads = 16
keepalive = 75  # seconds; longer than the 60 that load balancers keep an idle connection
control_socket_disable = True  # nothing here uses it, and it would write into the home folder

# Each worker opens its own database connections: they must not be shared over a fork.
preload_app = False

# Who starts this file means production, unless the environment says otherwise: without a secret it refuses.
raw_env = [] if "KEEPGOING_ENVIRONMENT" in os.environ else ["KEEPGOING_ENVIRONMENT=production"]


class Worker(Protocol):
    """What is used here of a gunicorn worker."""

    pid: int


def child_exit(_server: object, worker: Worker) -> None:
    """Takes an ended worker's gauges out of the shared metrics, when workers share them."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # ships it untyped


def post_worker_init(_worker: Worker) -> None:
    """Loads SciPy and statsmodels beside the first requests."""
    from service.warmup import warm_up

    warm_up()
