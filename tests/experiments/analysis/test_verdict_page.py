"""docs/verdict.md quotes the product: each quoted sentence is one that a verdict really says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.analysis.alarms import Clearance
from experiments.analysis.analyze import verdict_of
from experiments.analysis.outcome import Outcome
from experiments.analysis.verdict import NAMES
from tests.analysis_factories import (
    an_experiment_of,
    day_start,
    experiment_data,
    metric_cell,
    rate_cells,
    spread,
)
from tests.factories import a_metric

PAGE = (Path(__file__).parents[3] / "docs" / "verdict.md").read_text()
QUOTES = [" ".join(quote.split()) for quote in re.findall(r'\*"(.+?)"\*', PAGE, flags=re.DOTALL)]


def said() -> str:
    """All that the verdicts of the page's examples say."""
    even = spread("control", 10_000, 1000, days=14) + spread("progress", 10_000, 1200, days=14)
    support = [metric_cell("control", 10_000, 300, metric="support")]
    support.append(metric_cell("progress", 10_000, 900, metric="support"))
    plan = {"baseline": 0.1, "mde_relative": 0.125}
    guarded = {**plan, "guardrails": [{"metric": "support", "margin": 0.01}]}
    lower = a_metric(key="support", event="support", direction="decrease")
    few = spread("control", 400, 20, days=10) + spread("progress", 400, 60, days=10)
    why = "The broken app version was withdrawn on Monday."
    cleared = Clearance(2, day_start(1), "key_1 (ops)", why)
    verdicts = [
        verdict_of(experiment_data(even + rate_cells("control", 500, 50, crossed=True))),
        verdict_of(experiment_data(few, days=18)),
        verdict_of(experiment_data(even, clearances=(cleared,))),
        verdict_of(experiment_data(even, definition=an_experiment_of("progress", plan=plan))),
        verdict_of(
            experiment_data(
                even + support,
                definition=an_experiment_of("progress", plan=guarded),
                metrics=[a_metric(), lower],
            )
        ),
    ]
    return " ".join(text for one in verdicts for text in (*one.reasons, *(gate.detail for gate in one.gates)))


@pytest.mark.parametrize("quote", QUOTES)
def test_what_the_page_quotes_is_what_a_verdict_says(quote: str) -> None:
    assert quote in said()


def test_the_page_has_a_section_for_each_gate_and_names_every_outcome() -> None:
    assert re.findall(r"^## (\d)", PAGE, flags=re.MULTILINE) == [
        str(number + 1) for number in range(len(NAMES))
    ]
    assert all(f"`{outcome}`" in PAGE for outcome in Outcome.__args__)  # type: ignore[attr-defined]
    assert len(QUOTES) >= 4
