from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from keepgoing.evaluation import Decision, compile_ruleset, decide
from keepgoing.evaluation.assign import fits, unit_bytes
from tests import reference
from tests.rulesets import CODE, TOP, wire_error_code, wire_experiment, wire_ruleset, wire_variants

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/assignment.json").read_text())
UNITS = [f"acct_{number}" for number in range(100_000)]
SOME = UNITS[:20_000]


def variants_of(experiment: dict[str, Any], units: list[str], key: str = "framing") -> dict[str, Decision]:
    rules = compile_ruleset(wire_ruleset({key: experiment}))
    return {unit: decide(rules, CODE, unit) for unit in units}


def independence_p_value(first: dict[str, Decision], second: dict[str, Decision]) -> float:
    """The p-value of the chi-square test over the variants of units that have one in both."""
    pairs = Counter(
        (first[u].variant, second[u].variant) for u in first if first[u].variant and second[u].variant
    )
    rows, columns = sorted({a for a, _ in pairs}), sorted({b for _, b in pairs})
    return float(stats.chi2_contingency([[pairs[a, b] for b in columns] for a in rows]).pvalue)


def test_decisions_equal_the_golden_values() -> None:
    rules = compile_ruleset(VECTORS["ruleset"])
    for code, unit, context, reason, experiment, variant in VECTORS["decisions"]:
        decision = decide(rules, code, unit, context)
        assert (decision.reason, decision.experiment, decision.variant) == (reason, experiment, variant), unit
        assert decision.body["error"]["message"] == (
            f"Text of {variant}." if variant else "The default message."
        )


@pytest.mark.parametrize("weights", [(1, 1), (50, 30, 20), (98, 1, 1)])
def test_a_hundred_thousand_units_split_as_the_weights_say(weights: tuple[int, ...]) -> None:
    decided = variants_of(wire_experiment(variants=wire_variants(*weights)), UNITS)
    counts = Counter(decision.variant for decision in decided.values())
    keys = ("control", "progress", "value")[: len(weights)]
    expected = [len(UNITS) * weight / sum(weights) for weight in weights]
    assert stats.chisquare([counts[key] for key in keys], expected).pvalue > 0.001


def test_traffic_and_variant_are_independent_draws() -> None:
    everyone = variants_of(wire_experiment(), SOME)
    half = variants_of(wire_experiment(traffic_edge=str(TOP // 2)), SOME)
    table = Counter((everyone[unit].variant, half[unit].is_exposure) for unit in SOME)
    counts = [[table[key, inside] for inside in (True, False)] for key in ("control", "progress")]
    assert stats.chi2_contingency(counts).pvalue > 0.001
    assert sum(decision.is_exposure for decision in half.values()) == pytest.approx(len(SOME) / 2, rel=0.05)


def test_two_experiments_are_independent() -> None:
    one = variants_of(wire_experiment("one"), SOME, "one")
    other = variants_of(wire_experiment("other"), SOME, "other")
    assert independence_p_value(one, other) > 0.001


def test_the_independence_test_sees_draws_that_share_a_salt() -> None:
    salts = {"traffic": "t", "variant": "same"}
    one = variants_of(wire_experiment(salts=salts), SOME[:2000])
    other = variants_of(wire_experiment(salts=salts, variants=wire_variants(2, 1)), SOME[:2000])
    assert independence_p_value(one, other) < 1e-9


@pytest.mark.parametrize("share", [1, 5, 9, 10])
def test_more_traffic_moves_nobody_to_another_variant(share: int) -> None:
    before = variants_of(wire_experiment(traffic_edge=str(TOP * share // 20)), SOME)
    after = variants_of(wire_experiment(traffic_edge=str(TOP * share // 10)), SOME)
    taken = [unit for unit in SOME if before[unit].variant]
    assert len(taken) == pytest.approx(len(SOME) * share / 20, rel=0.1)
    assert all(after[unit].variant == before[unit].variant for unit in taken)


def test_experiments_of_an_exclusion_group_share_no_unit_and_leave_none_out() -> None:
    third = TOP // 3
    slots = {"left": [["0", str(third)]], "right": [[str(third), str(TOP)]]}
    experiments = {
        key: wire_experiment(key, exclusion={"salt": "group", "slots": slots[key]})
        for key in ("left", "right")
    }
    rules = compile_ruleset(wire_ruleset(experiments))
    counts = Counter(decide(rules, CODE, unit).experiment for unit in SOME)
    alone = {key: variants_of(experiments[key], SOME, key) for key in experiments}
    assert all(bool(alone["left"][u].variant) != bool(alone["right"][u].variant) for u in SOME)
    assert (
        stats.chisquare([counts["left"], counts["right"]], [len(SOME) / 3, 2 * len(SOME) / 3]).pvalue > 0.001
    )


def test_a_unit_in_the_holdout_is_in_no_experiment_and_gets_the_default_message() -> None:
    document = wire_ruleset(
        {"framing": wire_experiment(forced={UNITS[0]: "progress"})},
        holdout={"salt": "h", "edge": str(TOP // 10)},
    )
    rules = compile_ruleset(document)
    decided = {unit: decide(rules, CODE, unit) for unit in SOME}
    held = [unit for unit, decision in decided.items() if decision.reason == "holdout"]
    assert len(held) == pytest.approx(len(SOME) / 10, rel=0.1)
    assert all(reference.bucket("h", unit) < TOP // 10 for unit in held)
    assert {decided[unit].text for unit in held} == {"The default message."}
    assert not any(decided[unit].is_exposure or decided[unit].variant for unit in held)


def test_a_forced_unit_gets_its_variant_whatever_targeting_and_traffic_say_and_is_no_exposure() -> None:
    targeting = {"all": [{"attribute": "plan", "op": "eq", "value": "nobody"}]}
    rules = compile_ruleset(
        wire_ruleset({"e": wire_experiment(forced={"qa": "progress"}, targeting=targeting, traffic_edge="0")})
    )
    decision = decide(rules, CODE, "qa")
    assert (decision.variant, decision.reason, decision.is_exposure) == ("progress", "forced", False)
    assert decide(rules, CODE, "other").reason == "not_targeted"


def test_a_shipped_variant_goes_to_every_targeted_unit_whatever_the_traffic() -> None:
    targeting = {"all": [{"attribute": "plan", "op": "eq", "value": "pro"}]}
    shipped = wire_experiment(shipped="progress", targeting=targeting, traffic_edge="0")
    rules = compile_ruleset(wire_ruleset({"e": shipped}))
    decided = [decide(rules, CODE, unit, {"plan": "pro"}) for unit in UNITS[:100]]
    assert {(d.variant, d.reason, d.is_exposure) for d in decided} == {("progress", "shipped", False)}
    assert decide(rules, CODE, "a", {"plan": "free"}).reason == "not_targeted"


def test_the_first_experiment_that_takes_the_unit_answers_and_else_the_first_reason_stands() -> None:
    pro = {"all": [{"attribute": "plan", "op": "eq", "value": "pro"}]}
    experiments = {
        "first": wire_experiment("first", targeting=pro),
        "second": wire_experiment("second", traffic_edge="0"),
        "third": wire_experiment("third"),
    }
    rules = compile_ruleset(wire_ruleset(experiments))
    assert decide(rules, CODE, "a", {"plan": "pro"}).experiment == "first"
    assert decide(rules, CODE, "a").experiment == "third"
    del experiments["third"]
    refused = decide(compile_ruleset(wire_ruleset(experiments)), CODE, "a")
    assert (refused.experiment, refused.reason, refused.variant) == ("first", "not_targeted", None)


def test_a_variant_without_weight_gets_nobody() -> None:
    decided = variants_of(wire_experiment(variants=wire_variants(0, 1, 0)), UNITS[:2000])
    assert {decision.variant for decision in decided.values()} == {"progress"}


def test_traffic_of_nothing_takes_nobody() -> None:
    assert {d.reason for d in variants_of(wire_experiment(traffic_edge="0"), UNITS[:500]).values()} == {
        "not_in_traffic"
    }


@pytest.mark.parametrize(
    ("unit_id", "fit"),
    [
        ("a", True),
        ("x" * 256, True),
        ("👍" * 256, True),
        ("", False),
        ("x" * 257, False),
        ("a\0b", False),
        ("a\ud800", False),
        (None, False),
        (42, False),
        (b"a", False),
        (["a"], False),
    ],
)
def test_a_unit_id_is_text_of_1_to_256_characters(unit_id: Any, fit: bool) -> None:
    assert fits(unit_id) is fit
    rules = compile_ruleset(wire_ruleset())
    decision = decide(rules, CODE, unit_id)
    assert decision.reason == ("split" if fit else "fallback")
    assert decision.unit_id == (unit_id if fit else None)


def test_unit_bytes_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="1 to 256 characters"):
        unit_bytes("")


edges = st.integers(0, TOP).map(str)
contexts = st.fixed_dictionaries(
    {}, optional={"plan": st.sampled_from(["free", "pro", "team"]), "usage": st.integers(0, 9)}
)


@st.composite
def experiments(draw: st.DrawFn, key: str) -> dict[str, Any]:
    """An experiment with any mixture of gates."""
    slot = sorted([draw(st.integers(0, TOP)), draw(st.integers(0, TOP))])
    plans = draw(st.lists(st.sampled_from(["free", "pro"]), max_size=2))
    targeting = {"all": [{"attribute": "plan", "op": "in", "value": plans}]}
    exclusion = {"salt": "group", "slots": [[str(end) for end in slot]]}
    weights = draw(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 5)))
    return wire_experiment(
        key,
        traffic_edge=draw(edges),
        targeting=draw(st.sampled_from([None, targeting])),
        exclusion=draw(st.sampled_from([None, exclusion])),
        shipped=draw(st.sampled_from([None, None, "progress"])),
        needs=draw(st.sampled_from([{}, {"usage": "integer"}])),
        forced=draw(st.dictionaries(st.sampled_from(["a", "b"]), st.just("value"), max_size=1)),
        variants=wire_variants(*weights),
    )


@st.composite
def rulesets(draw: st.DrawFn) -> dict[str, Any]:
    """A ruleset of up to three experiments at one error code."""
    keys = ["one", "two", "three"][: draw(st.integers(0, 3))]
    holdout = draw(st.none() | st.fixed_dictionaries({"salt": st.just("h"), "edge": edges}))
    return wire_ruleset(
        {key: draw(experiments(key)) for key in keys}, {CODE: wire_error_code()}, holdout=holdout
    )


@settings(max_examples=300, deadline=None)
@given(rulesets(), st.text(min_size=1, max_size=20).filter(fits) | st.sampled_from(["a", "b"]), contexts)
def test_compiled_assignment_equals_the_page_worded_step_by_step(
    document: dict[str, Any], unit: str, context: dict[str, Any]
) -> None:
    decision = decide(compile_ruleset(document), CODE, unit, context)
    expected = reference.assignment(document, CODE, unit, context)
    assert {
        "reason": decision.reason, "experiment": decision.experiment, "variant": decision.variant,
    } == expected  # fmt: skip
