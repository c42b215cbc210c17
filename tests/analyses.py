"""Whole analyses for what shows them: a plain experiment, and one in which every text says the same."""

from __future__ import annotations

from typing import Any

from experiments.analysis.analyze import analyze
from experiments.analysis.document import Results
from experiments.model.experiment import Experiment
from tests.analysis_factories import experiment_data, metric_cell, spread
from tests.factories import a_metric, an_experiment, message_document, variant_document

CONTROL, PROGRESS = (44_700, 8_502), (45_489, 8_279)
"""Participants and conversions: those of Cookie Cats."""


def results_of(
    definition: Experiment | None = None,
    *,
    control: tuple[int, int] = CONTROL,
    progress: tuple[int, int] = PROGRESS,
    run: int = 14,
    segment: str | None = None,
    **fields: Any,
) -> Results:
    """The analysis of an experiment of two variants, whose participants came over `run` days."""
    cells = [*spread("control", *control, days=run), *spread("progress", *progress, days=run)]
    cells += fields.pop("more", [])
    return analyze(experiment_data(cells, definition=definition, **fields), segment=segment)


def an_experiment_saying(text: str) -> Experiment:
    """An experiment in which every free text is this one."""
    message = message_document(text, plain=text)
    message["actions"][0]["label"] = text
    variants = [
        variant_document(key, message={"en": message}, description=text) for key in ("control", "progress")
    ]
    return an_experiment(hypothesis=text, description=text, source={"label": text}, variants=variants)


def with_every_role() -> Results:
    """An analysis with a primary, a secondary and a guardrail metric, one of which is a time."""
    plan = {
        "primary": "recharge",
        "secondary": ["clicks", "time_to_recharge"],
        "guardrails": [{"metric": "support_contact", "margin": 0.01}],
    }
    metrics = [
        a_metric(),
        a_metric(key="clicks", event="click"),
        a_metric(key="time_to_recharge", kind="time", event="recharge", window_days=7),
        a_metric(key="support_contact", event="support_contact", direction="decrease"),
    ]
    more = [
        metric_cell(variant, 1000, count, metric=metric)
        for metric, counts in (("clicks", (300, 320)), ("support_contact", (50, 48)))
        for variant, count in zip(("control", "progress"), counts, strict=True)
    ]
    return results_of(
        an_experiment(plan=plan), control=(1000, 100), progress=(1000, 120), run=1, metrics=metrics, more=more
    )
