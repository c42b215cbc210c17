from __future__ import annotations

from typing import Any

import pytest

from experiments.model.checks import error_code_faults, experiment_faults
from tests.factories import a_metric, an_error_code, an_experiment, message_document, variant_document

CONTEXT = {"plan": "string", "used": "integer", "saved": "number", "trial": "boolean"}
METRICS = {"recharge": a_metric()}


def pointers(prefix: str = "", **fields: Any) -> list[str]:
    found = experiment_faults(an_experiment(**fields), an_error_code(context=CONTEXT), METRICS, prefix)
    return [fault.pointer for fault in found]


def test_an_experiment_that_fits_has_no_fault() -> None:
    assert pointers() == []


def test_the_prefix_stands_before_each_place() -> None:
    assert pointers("/experiments/3", plan={"primary": "none"}) == ["/experiments/3/plan/primary"]


def test_without_its_error_code_an_experiment_is_still_checked_against_its_metrics() -> None:
    found = experiment_faults(an_experiment(plan={"primary": "none"}), None, METRICS)
    assert [fault.pointer for fault in found] == ["/error_code", "/plan/primary"]


@pytest.mark.parametrize("kind", ["mean", "retention", "ratio", "time"])
def test_a_verdict_is_made_on_every_kind_but_time(kind: str) -> None:
    sides = {"numerator": {"event": "refund"}, "denominator": {"event": "recharge"}}
    days = {"retention": {"from_day": 1, "to_day": 2}, "ratio": sides}.get(kind, {})
    event = {} if kind == "ratio" else {"event": "recharge"}
    metric = a_metric(key="chosen", kind=kind, **event, **days)
    found = experiment_faults(an_experiment(plan={"primary": "chosen"}), an_error_code(), {"chosen": metric})
    assert [fault.pointer for fault in found] == (["/plan/primary"] if kind == "time" else [])


@pytest.mark.parametrize(
    ("attribute", "op", "value", "fits"),
    [
        ("plan", "eq", "pro", True),
        ("plan", "gte", "2026-01-01", True),
        ("plan", "in", ["a", 1], False),
        ("plan", "eq", True, False),
        ("used", "gt", 2.5, True),
        ("used", "eq", "2", False),
        ("used", "eq", True, False),
        ("used", "contains", "2", False),
        ("saved", "lte", 3, True),
        ("trial", "eq", True, True),
        ("trial", "eq", 1, False),
        ("trial", "gt", 1, False),
        ("trial", "exists", False, True),
        ("locale", "starts_with", "de", True),
        ("locale", "eq", 1, False),
    ],
)
def test_a_condition_must_be_able_to_hold(attribute: str, op: str, value: Any, fits: bool) -> None:
    rule = {"not": {"attribute": attribute, "op": op, "value": value}}
    assert pointers(targeting=rule) == ([] if fits else ["/targeting/not/value"])


def test_a_fault_of_a_template_names_the_message_and_the_character() -> None:
    variant = variant_document("progress", message={"en": message_document("You used {used, number.")})
    found = experiment_faults(
        an_experiment(variants=[variant_document(), variant]), an_error_code(context=CONTEXT), METRICS
    )
    (fault,) = found
    assert fault.pointer == "/variants/1/message/en/detail"
    assert fault.detail.startswith("character ")


def test_links_and_labels_are_templates_too() -> None:
    actions = [{"label": "{nothing}", "href": "https://example.com/{nowhere}", "rel": "recharge"}]
    found = error_code_faults(
        an_error_code(message={"en": message_document(actions=actions)}), "/error_codes/0"
    )
    assert [fault.pointer for fault in found] == [
        "/error_codes/0/message/en/actions/0/label",
        "/error_codes/0/message/en/actions/0/href",
    ]


def test_every_locale_of_a_variant_uses_the_same_placeholders() -> None:
    both = {"en": message_document(), "de": message_document("Guthaben leer.")}
    code = an_error_code(context=CONTEXT, message=both)
    told = {"en": message_document("You used {used}."), "de": message_document("Guthaben leer.")}
    same = {"en": message_document("You used {used}."), "de": message_document("{used, number} verbraucht.")}
    for message, expected in ((told, ["/variants/1/message/de/detail"]), (same, [])):
        variants = [variant_document(message=both), variant_document("progress", message=message)]
        found = experiment_faults(an_experiment(variants=variants), code, METRICS)
        assert [fault.pointer for fault in found] == expected
        assert all("{used}" in fault.detail for fault in found)
