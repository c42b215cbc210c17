"""Builders of experiments for the checks of their data, and their health."""

from __future__ import annotations

from typing import Any

from experiments.analysis.data import ExperimentData
from experiments.analysis.health.health import Health, health
from experiments.analysis.reading import Ledger
from tests.analysis_factories import experiment_data, rate_cells


def health_of(data: ExperimentData) -> Health:
    """The health of an experiment."""
    return health(data, Ledger(data.cells))


def of_days(*days: tuple[int, int], **fields: Any) -> ExperimentData:
    """Control and progress with so many participants on each day."""
    cells = [
        cell
        for day, (control, progress) in enumerate(days)
        for cell in rate_cells("control", control, 0, day=day) + rate_cells("progress", progress, 0, day=day)
    ]
    return experiment_data(cells, **fields)
