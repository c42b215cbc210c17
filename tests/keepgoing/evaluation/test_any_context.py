"""Whatever a host sends, in every locale: a body, never an exception, nobody else's text, nothing raw."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.model.locales import locale_data
from experiments.model.template import parse_template
from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import Ruleset, compile_ruleset
from tests.contexts import VALUES
from tests.rulesets import CODE, TOP, wire_experiment, wire_message, wire_ruleset, wire_variant

LOCALES = """
    en de fr es it pt-BR nl sv da nb fi is pl cs sk sl hr sr bs uk ru bg mk lt lv et hu ro el tr ar he fa ur
    hi bn ta th vi ja ko zh-Hans zh-Hant ga cy mt br
""".split()  # noqa: SIM905 (47 of them, read at a glance)
TEMPLATES = (
    "Too low: {plan}.",
    "{hours, plural, =0 {None.} one {# hour.} few {# h.} many {# hrs.} two {# both.} other {# hours.}}",
    "{place, selectordinal, one {#st} two {#nd} few {#rd} other {#th}} time.",
    "{plan, select, free {Free.} pro {Pro {hours, number}.} other {Yours.}}",
    "{share, number, percent} {price, number, ::currency/USD} {hours, number, ::.00}",
    "Low.{hours, select, missing {} other { Saved {hours, number} of {plan}.}} Go on.",
    "Low.{claim_back, select, missing {} other { {claim_back, number, percent}.}} 🙂 \u05d0\u0301 Go on.",
    "{trial, select, true {Trial.} other {No.}} {hours, plural, offset:1 =1 {You.} other {You and #.}}",
)
RAW = re.compile(r"\{\s*(plan|hours|place|share|price|trial|claim_back)\b")
NAMES = ("plan", "hours", "place", "share", "price", "trial", "claim_back", "locale")


def ruleset_of(template: str) -> Ruleset:
    """An experiment that serves the template in every locale, with the control to fall back to."""
    detail = parse_template(template).wire()
    said = {tag: wire_message(detail) for tag in LOCALES}
    control = {tag: wire_message("Control.") for tag in LOCALES}
    variants = [wire_variant("control", 0, message=control), wire_variant("progress", TOP, message=said)]
    document = wire_ruleset({"framing": wire_experiment(variants=variants)})
    document["locales"] = {tag: locale_data(tag) for tag in LOCALES}
    return compile_ruleset(document)


RULESETS = [(template, ruleset_of(template)) for template in TEMPLATES]
FITTING = {"plan": "pro", "hours": 21, "place": 3, "share": 0.87, "price": 19.5, "trial": True}
contexts = st.builds(
    lambda fitting, odd: {**(FITTING if fitting else {}), **odd},
    st.booleans(),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
)


def answer(ruleset: Ruleset, tag: str, context: dict[str, Any]) -> Any:
    return decide(ruleset, CODE, "unit", {**context, "locale": tag})


# 220 contexts x 47 locales: 10,340 decisions for each template, 82,720 in all.
@pytest.mark.parametrize(("template", "ruleset"), RULESETS, ids=range(len(RULESETS)))
@settings(max_examples=220, deadline=None)
@given(contexts)
def test_every_context_in_every_locale_gets_a_body(
    template: str, ruleset: Ruleset, context: dict[str, Any]
) -> None:
    sent = " ".join(value for value in context.values() if isinstance(value, str))
    for tag in LOCALES:
        decision = answer(ruleset, tag, context)
        assert decision.status == 402
        assert decision.json
        assert decision.body["detail"] == decision.text != ""
        assert len(decision.text) <= 2000
        if not RAW.search(sent):
            assert not RAW.search(decision.text)


@settings(max_examples=200, deadline=None)
@given(st.lists(contexts, min_size=2, max_size=4), st.sampled_from(RULESETS), st.sampled_from(LOCALES))
def test_no_text_of_one_context_stands_in_another(
    several: list[dict[str, Any]], chosen: tuple[str, Ruleset], tag: str
) -> None:
    ruleset = chosen[1]
    alone = [answer(ruleset_of(chosen[0]), tag, context).text for context in several[:1]]
    marked = [{**context, "plan": f"owner-{number}"} for number, context in enumerate(several)]
    for number, context in enumerate(marked):
        found = answer(ruleset, tag, context).text
        assert all(f"owner-{other}" not in found for other in range(len(marked)) if other != number)
    assert answer(ruleset, tag, several[0]).text == alone[0]
