"""Loads the analysis beside the first requests, so that nobody who asks for results waits for SciPy."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module

HEAVY = ("experiments.analysis.analyze", "experiments.analysis.timeseries", "experiments.stats.power")


def warm_up(names: Iterable[str] = HEAVY) -> None:
    """Starts to load what `create_app` leaves out, or these modules; returns at once."""
    threading.Thread(target=_load, args=(tuple(names),), name="keepgoing-warm-up", daemon=True).start()


def _load(names: Iterable[str]) -> None:
    with suppress(Exception):  # whoever needs the module meets the same fault, where it can be answered
        for name in names:
            import_module(name)
