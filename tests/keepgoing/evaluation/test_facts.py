"""Tests of offers and claims in a ruleset: they run out by the clock, and the text with them."""

from __future__ import annotations

from typing import Any

import pytest

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from tests.rulesets import CODE, TOP, wire_experiment, wire_message, wire_ruleset, wire_variant

END = 1_798_675_200.0  # 2026-12-31T00:00:00Z
OFFER = {"kind": "bonus_units", "amount": 10, "ends_at": "2026-12-31T00:00:00Z"}
FACTS = {
    "incentive_amount": {"value": 10, "valid_until": "2026-12-31T00:00:00Z"},
    "incentive_ends_at": {"value": "31 December", "valid_until": "2026-12-31T00:00:00Z"},
}
AWARE = [
    "Too low.",
    ["select", "incentive_ends_at", {"missing": "", "other": [
        " Get ", ["arg", "incentive_amount"], " units until ", ["arg", "incentive_ends_at"], "."]}],
]  # fmt: skip


def answer_at(now: float, detail: Any, context: Any = None, **members: Any) -> Any:
    """The decision of a unit whose variant makes the offer."""
    message = wire_message(detail, incentive=OFFER, facts=FACTS, **members)
    variants = [
        wire_variant("control", 0), wire_variant("progress", TOP, message={"en": message}),
    ]  # fmt: skip
    experiment = wire_experiment(variants=variants)
    return decide(
        compile_ruleset(wire_ruleset({"framing": experiment}), clock=lambda: now), CODE, "u", context or {}
    )


def test_an_offer_is_shown_with_its_end_until_it_ends() -> None:
    before, after = (answer_at(now, AWARE) for now in (END - 1, END))
    assert before.text == "Too low. Get 10 units until 31 December."
    assert before.body["incentive"] == OFFER
    assert (after.text, after.body["incentive"]) == ("Too low.", None)
    assert (before.reason, after.reason) == ("split", "split")


def test_a_text_that_does_not_look_whether_its_offer_is_over_gives_way_to_the_plain_one() -> None:
    promising = "Get 10 units until New Year."
    assert answer_at(END - 1, promising).text == promising
    found = answer_at(END, promising, plain="Too low.")
    assert (found.text, found.body["incentive"]) == ("Too low.", None)
    without = answer_at(END, promising)
    assert (without.variant, without.reason, without.text) == ("control", "fallback", "Text of control.")


def test_an_offer_whose_budget_is_spent_is_over_at_any_time() -> None:
    found = answer_at(0.0, AWARE, over=True)
    assert (found.text, found.body["incentive"]) == ("Too low.", None)


def test_what_the_host_sends_under_the_name_of_a_fact_is_never_shown() -> None:
    sent = {"incentive_amount": 99, "incentive_ends_at": "never"}
    assert answer_at(END - 1, AWARE, sent).text == "Too low. Get 10 units until 31 December."
    assert answer_at(END, AWARE, sent).text == "Too low."


def test_the_body_is_that_of_the_moment_of_the_decision() -> None:
    moments = iter([END - 1, END - 1, END - 1, END - 1])
    message = wire_message(AWARE, incentive=OFFER, facts=FACTS)
    variants = [wire_variant("control", 0), wire_variant("progress", TOP, message={"en": message})]
    ruleset = compile_ruleset(
        wire_ruleset({"framing": wire_experiment(variants=variants)}), clock=lambda: next(moments, END)
    )
    decision = decide(ruleset, CODE, "u", {})
    list(moments)
    assert decision.body["incentive"] == OFFER


@pytest.mark.parametrize(
    "fact", [{"value": None}, {"value": True}, {"value": 1, "valid_until": "tomorrow"}, {"value": [1]}]
)
def test_a_fact_that_is_none_is_refused_with_its_place(fact: Any) -> None:
    document = wire_ruleset()
    document["error_codes"][CODE]["claims"] = {"claim_x": fact}
    with pytest.raises(InvalidRuleset, match=f"/error_codes/{CODE}/claims/claim_x"):
        compile_ruleset(document)
