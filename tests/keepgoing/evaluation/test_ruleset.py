from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation import compile_ruleset, decide
from tests.rulesets import CODE, wire_error_code, wire_experiment, wire_ruleset, wire_variants

E = "/experiments/framing"


def experiment(**members: Any) -> dict[str, Any]:
    return wire_ruleset({"framing": wire_experiment(**members)})


def listed_by_another_code() -> dict[str, Any]:
    document = wire_ruleset()
    document["experiments"]["framing"]["error_code"] = "OTHER"
    return document


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        (None, ""),
        ("{}", ""),
        ({}, "/format"),
        (wire_ruleset(format=2), "/format"),
        (wire_ruleset(format="1"), "/format"),
        (wire_ruleset(format=True), "/format"),
        (wire_ruleset(project=""), "/project"),
        (wire_ruleset(project=7), "/project"),
        (wire_ruleset(revision=-1), "/revision"),
        (wire_ruleset(revision="3"), "/revision"),
        (wire_ruleset(revision=1.5), "/revision"),
        (wire_ruleset(error_codes={1: {}}), "/error_codes"),
        (wire_ruleset(holdout={"salt": "h"}), "/holdout/edge"),
        (wire_ruleset(holdout={"salt": "", "edge": "0"}), "/holdout/salt"),
        (wire_ruleset(holdout=[]), "/holdout"),
        (wire_ruleset(locales={"en": 3}), "/locales/en"),
        (
            wire_ruleset({}, {CODE: wire_error_code(experiments=["gone"])}),
            f"/error_codes/{CODE}/experiments/0",
        ),
        (listed_by_another_code(), f"{E}/error_code"),
        (experiment(revision=None), f"{E}/revision"),
        (experiment(phase="1"), f"{E}/phase"),
        (experiment(shipped="nobody"), f"{E}/shipped"),
        (experiment(salts={"traffic": "t"}), f"{E}/salts/variant"),
        (experiment(salts=None), f"{E}/salts"),
        (experiment(traffic_edge=0), f"{E}/traffic_edge"),
        (experiment(traffic_edge="-1"), f"{E}/traffic_edge"),
        (experiment(traffic_edge="0x10"), f"{E}/traffic_edge"),
        (experiment(traffic_edge="1e3"), f"{E}/traffic_edge"),
        (experiment(traffic_edge="٣"), f"{E}/traffic_edge"),
        (experiment(traffic_edge=""), f"{E}/traffic_edge"),
        (experiment(traffic_edge="18446744073709551617"), f"{E}/traffic_edge"),
        (experiment(traffic_edge="9" * 5000), f"{E}/traffic_edge"),
        (experiment(exclusion={"salt": "g"}), f"{E}/exclusion/slots"),
        (experiment(exclusion={"salt": "g", "slots": [["1"]]}), f"{E}/exclusion/slots/0"),
        (experiment(exclusion={"salt": "g", "slots": [["2", "1"]]}), f"{E}/exclusion/slots/0"),
        (experiment(exclusion={"salt": "g", "slots": [[0, 1]]}), f"{E}/exclusion/slots/0/0"),
        (experiment(targeting={"none": []}), f"{E}/targeting"),
        (experiment(forced={"qa": "nobody"}), f"{E}/forced/qa"),
        (experiment(forced={"a/b~c": 3}), f"{E}/forced/a~1b~0c"),
        (experiment(forced=["qa"]), f"{E}/forced"),
        (experiment(needs={"usage": "decimal"}), f"{E}/needs/usage"),
        (experiment(needs=["usage"]), f"{E}/needs"),
        (experiment(segments="plan"), f"{E}/segments"),
        (experiment(segments=[1]), f"{E}/segments/0"),
        (experiment(control="nobody"), f"{E}/control"),
        (experiment(variants=[]), f"{E}/variants"),
        (experiment(variants={}), f"{E}/variants"),
        (experiment(variants=wire_variants(1, 1)[:1]), f"{E}/variants"),
        (experiment(variants=wire_variants(1, 1)[::-1]), f"{E}/variants"),
        (experiment(variants=[wire_variants(1)[0]] * 2), f"{E}/variants/1/key"),
        (experiment(variants=[{**wire_variants(1)[0], "message": None}]), f"{E}/variants/0/message"),
        (experiment(variants=[{**wire_variants(1)[0], "edge": None}]), f"{E}/variants/0/edge"),
    ],
)
def test_a_malformed_ruleset_is_refused_with_its_place(document: Any, pointer: str) -> None:
    with pytest.raises(InvalidRuleset) as caught:
        compile_ruleset(document)
    assert caught.value.pointer == pointer
    assert str(caught.value).startswith(pointer or "/")


def test_members_of_a_later_version_are_ignored() -> None:
    document = experiment(adaptive={"kind": "bandit"})
    document["claims"] = {"recharged_share": 0.4}
    document["error_codes"][CODE]["usage"] = [1, 2]
    assert decide(compile_ruleset(document), CODE, "a").reason == "split"


def test_members_that_may_be_left_out_may_be_left_out() -> None:
    document = wire_ruleset()
    del document["holdout"], document["locales"]
    for name in ("shipped", "exclusion", "targeting", "forced", "needs", "segments"):
        del document["experiments"]["framing"][name]
    assert decide(compile_ruleset(document), CODE, "a").reason == "split"


def test_a_ruleset_does_not_change_with_its_document() -> None:
    document = wire_ruleset()
    rules = compile_ruleset(document)
    before = decide(rules, CODE, "a").json
    document["experiments"]["framing"]["variants"].clear()
    document["error_codes"][CODE]["body"].clear()
    assert decide(rules, CODE, "a").json == before


def test_it_says_what_it_is() -> None:
    assert repr(compile_ruleset(wire_ruleset())) == "<Ruleset 'shop' revision 17, 1 error codes>"


def walk(value: Any, change: Callable[[Any], Any], target: int, counter: list[int]) -> Any:
    """The value with its `target`-th part replaced."""
    counter[0] += 1
    if counter[0] == target:
        return change(value)
    if isinstance(value, dict):
        return {key: walk(member, change, target, counter) for key, member in value.items()}
    if isinstance(value, list):
        return [walk(element, change, target, counter) for element in value]
    return value


junk = st.sampled_from(
    [None, 0, -1, 1.5, True, "", "x", [], {}, [1], {"a": 1}, "\ud800", float("nan"), 10**30]
)


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 160), junk)
def test_any_part_replaced_by_anything_is_compiled_or_refused_and_never_crashes(
    target: int, value: Any
) -> None:
    document = walk(
        experiment(
            targeting={"all": [{"attribute": "plan", "op": "in", "value": ["pro"]}]},
            exclusion={"salt": "g", "slots": [["0", "9"]]},
            needs={"usage": "integer"},
            forced={"qa": "control"},
        ),
        lambda _: value,
        target,
        [0],
    )
    try:
        rules = compile_ruleset(document)
    except InvalidRuleset:
        return
    assert json.loads(decide(rules, CODE, "a", {"plan": "pro", "usage": 3}).json) is not NotImplemented
