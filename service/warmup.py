"""Loads the analysis beside the first requests, so that nobody who asks for results waits for SciPy."""

from __future__ import annotations

import threading
from importlib import import_module

HEAVY = ("experiments.analysis.analyze", "experiments.analysis.timeseries", "experiments.stats.power")


def warm_up() -> None:
    """Starts to load what `create_app` leaves out; returns at once."""
    threading.Thread(target=_load, name="keepgoing-warm-up", daemon=True).start()


def _load() -> None:
    for name in HEAVY:
        import_module(name)
