"""Status, code, type, title, steering headers, member names and types are equal over all variants."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.errors import InvalidInput
from experiments.model.error_code import Envelope
from experiments.model.experiment import Variant
from experiments.model.invariants import check_invariants
from experiments.model.publish import publish
from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from tests.factories import a_running_state, an_error_code, an_experiment

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "x-should-retry", "RateLimit-Limit", "Vary"]),
    st.sampled_from(["1", "60"]),
)
LINE = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="{}'#"), min_size=1
)
ACTION = st.fixed_dictionaries(
    {
        "label": LINE.map(lambda text: text[:40]),
        "href": st.just("https://example.com/x"),
        "rel": st.just("help"),
    }
)
MESSAGE = st.fixed_dictionaries(
    {"detail": LINE, "actions": st.lists(ACTION, min_size=1, max_size=3)}, optional={"plain": LINE}
)
INCENTIVE = st.none() | st.just({"kind": "bonus_units", "amount": 10})
LOCALES = st.lists(st.sampled_from(["de", "fr", "ar", "ja"]), unique=True, max_size=2).map(
    lambda more: ["en", *more]
)
CUSTOM = {
    "err": {"msg": "{{detail}}", "code": "{{code}}", "t": "{{title}}"},
    "offer": "{{incentive}}",
    "n": 1,
}


@st.composite
def definitions(draw: st.DrawFn) -> tuple[Any, Any]:
    """An error code and an experiment of two to four variants on it."""
    locales, envelope = draw(LOCALES), draw(st.sampled_from(get_args(Envelope)))
    messages = st.fixed_dictionaries(dict.fromkeys(locales, MESSAGE))
    error_code = an_error_code(
        status=draw(st.sampled_from([400, 402, 403, 429, 503])),
        envelope=envelope,
        body=CUSTOM if envelope == "custom" else None,
        headers=draw(HEADERS),
        message=draw(messages),
    )
    variants = [
        Variant.model_validate(
            {
                "key": key,
                "control": key == "a",
                "weight": 1,
                "message": draw(messages),
                "incentive": draw(INCENTIVE),
            }
        ).model_dump(mode="json")
        for key in "abcd"[: draw(st.integers(2, 4))]
    ]
    return error_code, an_experiment(variants=variants)


def shape(value: Any) -> Any:
    """Names and types of all members; lists by the shapes of their elements, whose number is free."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items() if name not in ("incentive", "offer")}
    if isinstance(value, list):
        return ["list", *{str(shape(element)) for element in value}]
    return type(value).__name__


@settings(max_examples=60, deadline=None)
@given(definitions(), st.sampled_from(["en", "de-AT", "fr", "xx"]))
def test_all_variants_of_any_definition_answer_alike_but_for_their_words(
    defined: tuple[Any, Any], locale: str
) -> None:
    error_code, experiment = defined
    wire = publish(
        "p", 1, holdout=None, error_codes=[error_code], experiments=[a_running_state(definition=experiment)]
    )
    ruleset = compile_ruleset(wire)
    found = [decide(ruleset, error_code.code, f"unit-{n}", {"locale": locale}) for n in range(40)]
    assert len({one.variant for one in found}) > 1
    for one in found:
        assert one.status == error_code.status
        assert one.headers == found[0].headers
        assert one.headers["Cache-Control"] == "no-store"
        assert one.headers["Content-Language"] == one.locale
        assert {**error_code.headers}.items() <= one.headers.items()
        assert shape(one.body) == shape(found[0].body)
        assert one.body.keys() == found[0].body.keys()
        assert str(error_code.code) in str(one.body)
        if "title" in one.body:
            assert (one.body["type"], one.body["title"]) == (error_code.type, error_code.title)


WIRE = publish("p", 1, holdout=None, error_codes=[an_error_code()], experiments=[a_running_state()])


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("experiments", "low-balance-framing", "variants", 0, "status"), 200, "/variants/0"),
        (
            ("experiments", "low-balance-framing", "variants", 1, "message", "en", "title"),
            "x",
            "/variants/1/message/en",
        ),
        (
            ("experiments", "low-balance-framing", "variants", 1, "message", "de"),
            {"actions": []},
            "/variants/1/message",
        ),
        (("error_codes", "INSUFFICIENT_BALANCE", "slots", "detail"), [["code"]], "/slots/detail/0"),
        (("error_codes", "INSUFFICIENT_BALANCE", "slots", "detail"), [["nowhere"]], "/slots/detail/0"),
        (("error_codes", "INSUFFICIENT_BALANCE", "slots", "detail"), [], "/slots/detail"),
        (("error_codes", "INSUFFICIENT_BALANCE", "slots", "code"), [["detail"]], "/slots/code"),
    ],
)
def test_a_ruleset_in_which_a_message_could_change_more_than_words_is_not_published(
    path: tuple[Any, ...], value: Any, pointer: str
) -> None:
    wire = deepcopy(WIRE)
    place: Any = wire
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidInput) as refused:
        check_invariants(wire)
    assert any(fault.pointer.endswith(pointer) for fault in refused.value.faults)
