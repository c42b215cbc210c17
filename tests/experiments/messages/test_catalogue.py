from __future__ import annotations

from experiments.messages.catalogue import starter
from experiments.messages.lint import lint_document
from experiments.model.document import load

DOCUMENT = load(starter())


def test_the_catalogue_has_no_fault_and_no_warning() -> None:
    assert [one for _, report in lint_document(DOCUMENT) for one in report.findings] == []


def test_low_balance_has_seven_principles_and_every_other_wall_two_wordings_beside_the_control() -> None:
    found = {one.error_code: [v for v in one.variants if not v.control] for one in DOCUMENT.experiments}
    assert len({p for variant in found["INSUFFICIENT_BALANCE"] for p in variant.principles}) >= 7
    walls = {"INSUFFICIENT_BALANCE", "QUOTA_EXCEEDED", "TRIAL_EXPIRED", "PAYMENT_FAILED", "RATE_LIMITED"}
    assert set(found) == walls | {"PLAN_LIMIT"}
    assert all(len(variants) >= 2 for variants in found.values())


def test_every_wording_is_in_english_and_german() -> None:
    for experiment in DOCUMENT.experiments:
        assert all(set(variant.message) == {"en", "de"} for variant in experiment.variants)
