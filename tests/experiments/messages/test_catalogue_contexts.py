"""Every wording of the starter catalogue, in both languages, whatever the host sends."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from tests.contexts import VALUES
from tests.starter import DOCUMENT, FITTING, WORDINGS, published

NAMES = sorted({name for code in DOCUMENT.error_codes for name in code.context})
RULESET = compile_ruleset(published())
RAW = re.compile(r"\{\s*(" + "|".join(NAMES) + r")\b")
contexts = st.builds(
    lambda fitting, odd: {**(FITTING if fitting else {}), **odd},
    st.booleans(),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
)


def test_each_wording_is_said_in_both_languages_where_the_context_fits() -> None:
    for code, variant in WORDINGS:
        said = [decide(RULESET, code, variant, {**FITTING, "locale": tag}) for tag in ("en", "de")]
        assert [one.variant for one in said] == [variant, variant]
        assert not any(one.answer.is_plain for one in said)
        assert said[0].text != said[1].text


def hold(context: dict[str, Any]) -> None:
    """Every wording has a body with the wall's own members, and nothing raw in it."""
    sent = " ".join(value for value in context.values() if isinstance(value, str))
    for code, variant in WORDINGS:
        for tag in ("en", "de"):
            decision = decide(RULESET, code, variant, {**context, "locale": tag})
            assert decision.status == (429 if code == "RATE_LIMITED" else 402)
            assert decision.body["code"] == code
            assert decision.body["detail"] == decision.text
            assert 0 < len(decision.text) <= 2000
            assert RAW.search(sent) or not RAW.search(decision.text)


@settings(max_examples=200, deadline=None)
@given(contexts)
def test_any_context_gets_a_body_from_every_wording(context: dict[str, Any]) -> None:
    hold(context)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(contexts)
def test_ten_thousand_contexts_get_a_body_from_every_wording(context: dict[str, Any]) -> None:
    hold(context)
