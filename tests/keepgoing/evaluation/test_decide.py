from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepgoing.evaluation import Decision, Ruleset, compile_ruleset, decide
from tests.rulesets import (
    CODE,
    TOP,
    wire_error_code,
    wire_experiment,
    wire_message,
    wire_ruleset,
    wire_variant,
)

USAGE = ["Used ", ["arg", "usage"], "."]
NEXT = ["Next ", ["arg", "next"], "."]


def ruleset(detail: Any = "Text of progress.", *, plain: str | None = None, **members: Any) -> Ruleset:
    """Everybody in the variant `progress`, with the control beside it."""
    variants = [
        wire_variant("control", 0),
        wire_variant("progress", TOP, message={"en": wire_message(detail, plain=plain)}),
    ]
    return compile_ruleset(wire_ruleset({"framing": wire_experiment(**{"variants": variants, **members})}))


class Broken(Mapping[str, Any]):
    """A context that cannot be read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(["plan"])

    def __len__(self) -> int:
        return 1


class BrokenDict(dict[str, Any]):
    """A dict that fails in most ways a caller may use it."""

    def get(self, *_: Any) -> Any:
        raise RuntimeError

    __getitem__ = __contains__ = keys = items = get  # type: ignore[assignment]


def facts(decision: Decision) -> tuple[Any, ...]:
    return decision.variant, decision.experiment, decision.reason, decision.is_exposure, decision.text


def test_a_split_answers_the_variant_and_is_an_exposure() -> None:
    decision = decide(ruleset(), CODE, "a")
    assert facts(decision) == ("progress", "framing", "split", True, "Text of progress.")
    assert (decision.status, decision.revision, decision.phase, decision.unit_id) == (402, 3, 1, "a")
    assert (decision.locale, decision.decision_id, decision.fallback) == ("en", "d_progress", False)
    assert decision.headers["Content-Type"] == "application/problem+json"
    assert decision.body["decision_id"] == "d_progress"
    assert json.loads(decision.json) == decision.body


def test_no_name_of_experiment_or_variant_stands_in_the_body() -> None:
    text = decide(ruleset("Recharge."), CODE, "a").json.decode()
    assert "framing" not in text
    assert '"progress":null' in text
    assert text.count("progress") == 2  # the member, and the made decision id of these tests


@pytest.mark.parametrize("rules", [None, compile_ruleset(wire_ruleset())])
def test_an_unknown_wall_gets_a_message_made_of_its_code(rules: Ruleset | None) -> None:
    decision = decide(rules, "PLAN_LIMIT", "a")
    assert facts(decision) == (None, None, "fallback", False, "Plan limit.")
    assert decision.body == {
        "type": "about:blank",
        "title": "Plan limit",
        "status": 402,
        "detail": "Plan limit.",
        "code": "PLAN_LIMIT",
        "actions": [],
        "incentive": None,
        "progress": None,
        "decision_id": None,
        "error": {"code": "PLAN_LIMIT", "message": "Plan limit."},
    }
    assert (decision.status, decision.headers["Content-Type"]) == (402, "application/problem+json")
    assert decision.error_code == "PLAN_LIMIT"


def test_an_unknown_wall_gets_the_hosts_own_message_if_it_has_one() -> None:
    own = {"status": 429, "headers": {"X-Host": "1"}, "body": {"error": "Slow down"}}
    decision = decide(None, "RATE", "a", default=own)
    assert (decision.status, decision.headers, decision.body) == (
        429,
        {"X-Host": "1"},
        {"error": "Slow down"},
    )
    assert (decision.text, decision.reason, decision.fallback) == ("Slow down", "fallback", True)
    decision.body["error"] = decision.headers["X-Host"] = "changed"
    assert own == {"status": 429, "headers": {"X-Host": "1"}, "body": {"error": "Slow down"}}


@pytest.mark.parametrize("unit_id", [None, "", 7, b"a", "a\0", "x" * 257, "\ud800", object()])
def test_an_unfit_unit_gets_the_control_of_the_first_experiment(unit_id: Any) -> None:
    expected = ("control", "framing", "fallback", False, "Text of control.")
    assert facts(decide(ruleset(), CODE, unit_id)) == expected


def test_an_unfit_unit_gets_the_default_message_where_no_experiment_runs() -> None:
    rules = compile_ruleset(wire_ruleset({}))
    assert facts(decide(rules, CODE, None)) == (None, None, "fallback", False, "The default message.")
    assert facts(decide(rules, CODE, "a")) == (None, None, "no_experiment", False, "The default message.")


@pytest.mark.parametrize("context", [[], "plan", 7, [("plan", "pro")], Broken(), object()])
def test_a_context_that_cannot_be_read_gets_the_control(context: Any) -> None:
    segmented = ruleset(segments=["plan"])
    assert facts(decide(segmented, CODE, "a", context))[:4] == ("control", "framing", "fallback", False)


def test_an_argument_that_some_variant_needs_gives_the_control_to_all_variants_alike() -> None:
    rules = ruleset(needs={"usage": "integer"})
    for context in ({}, {"usage": None}, {"usage": "7"}, {"usage": 7.5}, {"usage": True}):
        assert facts(decide(rules, CODE, "a", context))[:4] == ("control", "framing", "fallback", False)
    assert decide(rules, CODE, "a", {"usage": 7}).reason == "split"


@pytest.mark.parametrize(
    ("variant", "plain", "control", "default", "expected"),
    [
        (USAGE, "Plain.", "Control.", "Default.", ("progress", "framing", "split", True, "Plain.")),
        (USAGE, None, "Control.", "Default.", ("control", "framing", "fallback", False, "Control.")),
        (USAGE, None, NEXT, "Default.", (None, "framing", "fallback", False, "Default.")),
        (USAGE, None, NEXT, USAGE, (None, "framing", "fallback", False, "Insufficient balance.")),
    ],
)
def test_the_chain_goes_on_until_something_can_be_rendered(
    variant: Any, plain: str | None, control: Any, default: Any, expected: tuple[Any, ...]
) -> None:
    variants = [
        wire_variant("control", 0, message={"en": wire_message(control)}),
        wire_variant("progress", message={"en": wire_message(variant, plain=plain)}),
    ]
    code = wire_error_code(message={"en": wire_message(default)})
    rules = compile_ruleset(wire_ruleset({"framing": wire_experiment(variants=variants)}, {CODE: code}))
    decision = decide(rules, CODE, "a")
    assert facts(decision) == expected
    assert decision.fallback
    own = decide(rules, CODE, "a", default={"body": {"detail": "Own."}})
    assert own.text == ("Own." if expected[4] == "Insufficient balance." else expected[4])


def test_the_controls_plain_text_is_used_before_the_default_message() -> None:
    variants = [
        wire_variant("control", 0, message={"en": wire_message(NEXT, plain="Plain control.")}),
        wire_variant("progress", detail=USAGE),
    ]
    decision = decide(ruleset(variants=variants), CODE, "a")
    assert facts(decision) == ("control", "framing", "fallback", False, "Plain control.")


def test_a_variant_rendered_from_its_template_is_no_fallback() -> None:
    decision = decide(ruleset(USAGE, plain="Plain."), CODE, "a", {"usage": "all"})
    assert (decision.text, decision.fallback, decision.is_exposure) == ("Used all.", False, True)


@pytest.mark.parametrize("detail", ["Static.", USAGE])
def test_changing_what_a_decision_handed_out_changes_no_other(detail: Any) -> None:
    rules, context = ruleset(detail), {"usage": "all"}
    first = decide(rules, CODE, "a", context)
    before = decide(rules, CODE, "a", context).json
    first.body["actions"][0]["href"] = first.body["error"]["code"] = first.headers["Content-Type"] = "changed"
    assert first.body["error"]["code"] == first.headers["Content-Type"] == "changed"
    second = decide(rules, CODE, "a", context)
    assert json.loads(before) == second.body == json.loads(first.json)
    assert second.headers["Content-Type"] == "application/problem+json"


def test_segments_are_the_declared_members_that_an_exposure_can_carry() -> None:
    rules = ruleset(segments=["plan", "seats", "trial", "tags", "absent", "long"])
    context = {"plan": "pro", "seats": 3, "trial": True, "tags": ["a"], "secret": "x", "long": "y" * 999}
    decision = decide(rules, CODE, "a", context)
    assert decision.segments == {"plan": "pro", "seats": 3, "trial": True, "long": "y" * 256}
    context["plan"] = "free"
    assert decision.segments["plan"] == "pro"


def test_only_an_exposure_has_segments() -> None:
    rules = ruleset(segments=["plan"], traffic_edge="0")
    assert decide(rules, CODE, "a", {"plan": "pro"}).segments == {}


def test_any_mapping_is_a_context() -> None:
    from types import MappingProxyType

    rules = ruleset(USAGE)
    assert decide(rules, CODE, "a", MappingProxyType({"usage": "all"})).text == "Used all."


def test_it_says_what_it_is() -> None:
    assert repr(decide(ruleset(), CODE, "a")) == (
        "<Decision INSUFFICIENT_BALANCE split: experiment='framing', variant='progress', status=402, "
        "text='Text of progress.'>"
    )


class Spiteful:
    """An object of which nothing can be asked."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __hash__(self) -> int:
        raise RuntimeError

    def __bool__(self) -> bool:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError


class SpitefulText(str):
    """Text that fails when it is looked at; str itself must be asked."""

    def encode(self, *_: Any, **__: Any) -> bytes:
        raise RuntimeError

    __len__ = __contains__ = __hash__ = __eq__ = encode  # type: ignore[assignment]


class SpitefulNumber(float):
    """A number that cannot be computed with."""

    def __sub__(self, other: object) -> float:
        raise RuntimeError


def never() -> Iterator[Any]:
    yield from ()


ODD: list[Any] = [
    Spiteful(),
    Spiteful,
    SpitefulText("a"),
    SpitefulNumber(1.0),
    Broken(),
    BrokenDict(a=1),
    object(),
    never(),
]
odd = st.integers(0, len(ODD) - 1).map(lambda number: ODD[number])  # sampled_from would look at them
simple = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | odd
anything = st.recursive(
    simple,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
contexts = st.dictionaries(st.sampled_from(["plan", "usage", "locale", "next"]), anything) | anything
DYNAMIC = ruleset(
    USAGE,
    segments=["plan", "usage"],
    targeting={
        "any": [{"attribute": "plan", "op": "gt", "value": 1}, {"attribute": "plan", "op": "ne", "value": 1}]
    },
)


@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from([DYNAMIC, None]) | simple,
    st.just(CODE) | anything,
    st.just("a") | anything,
    contexts,
    st.none() | st.dictionaries(st.sampled_from(["status", "headers", "body"]), anything) | anything,
)
def test_whatever_is_passed_there_is_a_decision(
    rules: Any, code: Any, unit_id: Any, context: Any, default: Any
) -> None:
    decision = decide(rules, code, unit_id, context, default=default)
    assert 100 <= decision.status <= 599
    assert isinstance(decision.text, str)
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in decision.headers.items())
    json.loads(decision.json)
    assert decision.body is decision.body
    assert (decision.variant is not None) or not decision.is_exposure
    json.dumps(dict(decision.segments))
    assert isinstance(decision.error_code, str)
