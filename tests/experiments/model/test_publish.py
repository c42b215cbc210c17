from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.model.checks import error_code_faults, experiment_faults
from experiments.model.error_code import ErrorCode
from experiments.model.exclusion import SPACE
from experiments.model.lifecycle import pause, ship, start
from experiments.model.publish import edges, publish
from experiments.model.state import ExperimentState, Status
from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.decision import Decision
from keepgoing.evaluation.ruleset import compile_ruleset
from tests.experiments.model.definition_strategies import error_codes, experiments_on
from tests.factories import (
    A_MONDAY,
    a_metric,
    a_running_state,
    a_state,
    an_error_code,
    an_experiment,
    message_document,
    variant_document,
)

ERROR_CODE_MEMBERS = """
    status headers default_locale context body slots decision_id message experiments
"""
EXPERIMENT_MEMBERS = """
    error_code revision phase shipped salts traffic_edge exclusion targeting forced needs
    segments control variants
"""
FULL_CONTEXT = {"plan": "pro", "used": 87, "saved": 12.5, "trial": True}


def published(
    *states: ExperimentState, code: ErrorCode | None = None, holdout: Decimal | None = None
) -> dict[str, Any]:
    return publish("shop", 17, holdout=holdout, error_codes=[code or an_error_code()], experiments=states)


def of(ruleset: dict[str, Any], key: str = "low-balance-framing") -> dict[str, Any]:
    experiment: dict[str, Any] = ruleset["experiments"][key]
    return experiment


def test_the_ruleset_has_the_members_of_the_page_and_no_others() -> None:
    ruleset = published(a_running_state())
    assert list(ruleset) == [
        "format",
        "project",
        "revision",
        "holdout",
        "locales",
        "error_codes",
        "experiments",
    ]
    assert set(ruleset["error_codes"]["INSUFFICIENT_BALANCE"]) == set(ERROR_CODE_MEMBERS.split())
    assert set(of(ruleset)) == set(EXPERIMENT_MEMBERS.split())
    assert set(of(ruleset)["variants"][0]) == {"key", "edge", "decision_id", "message"}
    message = of(ruleset)["variants"][0]["message"]["en"]
    assert set(message) == {"detail", "plain", "actions", "incentive", "progress"}


def test_the_same_input_makes_the_same_bytes_in_any_order() -> None:
    codes = [an_error_code(), an_error_code(code="A")]
    states = [a_running_state(), a_running_state(definition=an_experiment(key="b"))]
    one = publish("shop", 1, holdout=None, error_codes=codes, experiments=states)
    other = publish("shop", 1, holdout=None, error_codes=codes[::-1], experiments=states[::-1])
    assert json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("status", Status)
def test_only_what_serves_is_published(status: Status) -> None:
    state = a_running_state(status=status)
    assert bool(published(state)["experiments"]) is (status is Status.RUNNING)


def test_what_another_system_assigns_is_never_published() -> None:
    assert published(a_running_state(definition=an_experiment(assignment="external")))["experiments"] == {}


def test_a_shipped_variant_is_published_until_it_is_archived() -> None:
    shipped = ship(a_running_state(), "progress", A_MONDAY)
    assert of(published(shipped))["shipped"] == "progress"
    assert published(shipped.model_copy(update={"status": Status.ARCHIVED}))["experiments"] == {}


def test_experiments_are_asked_by_first_start_and_then_by_key() -> None:
    later = A_MONDAY + timedelta(days=1)
    starts = {"a": later, "c": A_MONDAY, "b": A_MONDAY}
    states = [a_running_state(definition=an_experiment(key=key), started_at=at) for key, at in starts.items()]
    assert published(*states)["error_codes"]["INSUFFICIENT_BALANCE"]["experiments"] == ["b", "c", "a"]


def test_each_draw_has_a_salt_of_its_own() -> None:
    ruleset = published(
        a_running_state(definition=an_experiment(exclusion_group="billing")), holdout=Decimal("0.1")
    )
    salts = [*of(ruleset)["salts"].values(), of(ruleset)["exclusion"]["salt"], ruleset["holdout"]["salt"]]
    assert len(set(salts)) == 4
    assert salts[0] == "0123456789abcdef/traffic"


def test_groups_of_one_name_in_two_projects_are_two_draws() -> None:
    state = a_running_state(definition=an_experiment(exclusion_group="billing"))
    found = {
        of(publish(project, 1, holdout=None, error_codes=[an_error_code()], experiments=[state]))[
            "exclusion"
        ]["salt"]
        for project in ("shop", "blog")
    }
    assert len(found) == 2


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([Fraction(1, 2), Fraction(1, 2)], [SPACE // 2, SPACE]),
        ([Fraction(1, 3)] * 3, [SPACE // 3, SPACE * 2 // 3, SPACE]),
        ([Fraction(0), Fraction(1), Fraction(0)], [0, SPACE, SPACE]),
    ],
)
def test_edges_are_the_floor_of_the_exact_cumulative_share(
    shares: Sequence[Fraction], expected: list[int]
) -> None:
    assert edges(shares) == expected


@given(st.lists(st.decimals(0, 100, places=6), min_size=1, max_size=20).filter(any))
def test_edges_are_off_by_less_than_one_bucket_and_end_at_the_last(weights: list[Decimal]) -> None:
    total = sum(map(Fraction, weights))
    shares = [Fraction(weight) / total for weight in weights]
    found = edges(shares)
    assert found[-1] == SPACE
    widths = [upper - lower for lower, upper in zip([0, *found], found, strict=False)]
    assert all(abs(width - share * SPACE) < 1 for width, share in zip(widths, shares, strict=True))


def test_traffic_is_an_edge_of_its_own_draw() -> None:
    assert of(published(a_running_state(definition=an_experiment(traffic=0.25))))["traffic_edge"] == str(
        SPACE // 4
    )


def test_in_an_exclusion_group_the_slots_are_the_traffic() -> None:
    draft = a_state(definition=an_experiment(exclusion_group="billing", traffic=0.25))
    experiment = of(published(start(draft, A_MONDAY)))
    assert experiment["traffic_edge"] == str(SPACE)
    assert experiment["exclusion"]["slots"] == [["0", str(SPACE // 4)]]


def test_needs_are_the_arguments_without_which_some_variant_has_nothing_to_say() -> None:
    in_text = {"en": message_document("You used {usage_percent}%.")}
    with_plain = {"en": message_document("You saved {hours_saved} hours.", plain="You saved time.")}
    in_link = {
        "en": message_document(actions=[{"label": "Go", "href": "https://example.com/{plan}", "rel": "go"}])
    }
    variants = [
        variant_document(message=in_text),
        variant_document("b", message=with_plain),
        variant_document("c", message=in_link),
    ]
    needs = of(published(a_running_state(definition=an_experiment(variants=variants))))["needs"]
    assert needs == {"plan": "string", "usage_percent": "integer"}


def test_a_decision_id_is_opaque_and_the_same_as_long_as_the_words_are() -> None:
    def ids(**fields: Any) -> list[str]:
        variants = [variant_document(), variant_document("progress", **fields)]
        state = a_running_state(definition=an_experiment(variants=variants, traffic=fields.get("weight", 1)))
        return [variant["decision_id"] for variant in of(published(state))["variants"]]

    control, treatment = ids()
    assert control != treatment
    assert "progress" not in treatment
    assert len(treatment) == 18
    assert ids(weight=0.25) == [control, treatment]
    assert ids(message={"en": message_document("Other words.")})[0] == control
    assert ids(message={"en": message_document("Other words.")})[1] != treatment


def test_what_an_incentive_costs_is_nobodys_business() -> None:
    incentive = {"kind": "bonus_units", "amount": 10, "unit_cost": "0.0217", "budget": "512.34"}
    variants = [variant_document(), variant_document("progress", incentive=incentive)]
    ruleset = published(a_running_state(definition=an_experiment(variants=variants)))
    assert of(ruleset)["variants"][1]["message"]["en"]["incentive"] == {
        "kind": "bonus_units",
        "amount": 10,
        "ends_at": None,
    }
    assert "0217" not in json.dumps(ruleset)
    assert "512" not in json.dumps(ruleset)


def test_headers_of_the_error_code_stand_over_ours_whatever_their_capitals() -> None:
    code = an_error_code(headers={"cache-control": "private", "Retry-After": "60"})
    assert published(code=code)["error_codes"]["INSUFFICIENT_BALANCE"]["headers"] == {
        "Content-Type": "application/problem+json",
        "cache-control": "private",
        "Retry-After": "60",
    }


def test_locale_data_of_every_locale_and_its_currencies_travel_along() -> None:
    code = an_error_code(
        message={
            "en": message_document("You saved {hours_saved, number, ::currency/USD}."),
            "de": message_document("Sie sparten {hours_saved, number, ::currency/EUR}."),
        }
    )
    locales = published(code=code)["locales"]
    assert {tag: list(data["currency"]) for tag, data in locales.items()} == {"de": ["EUR"], "en": ["USD"]}


def test_a_paused_experiment_takes_nobody() -> None:
    ruleset = compile_ruleset(published(pause(a_running_state())))
    assert decide(ruleset, "INSUFFICIENT_BALANCE", "acct_1").reason == "no_experiment"


@st.composite
def projects(draw: st.DrawFn) -> tuple[ErrorCode, ExperimentState]:
    code = draw(error_codes())
    state = a_state(definition=draw(experiments_on(code)), metrics=(a_metric(),))
    return code, start(state, A_MONDAY)


def decisions_of_each_variant(code: ErrorCode, state: ExperimentState, locale: str) -> list[Decision]:
    """What a unit is sent that is forced to each variant in turn, and what it is sent without experiment."""
    found = []
    for variant in state.definition.variants:
        forced = state.definition.model_copy(update={"forced": {"acct_qa": variant.key}})
        document = published(state.model_copy(update={"definition": forced}), code=code)
        ruleset = compile_ruleset(json.loads(json.dumps(document)))
        found.append(decide(ruleset, code.code, "acct_qa", {**FULL_CONTEXT, "locale": locale}))
        assert (found[-1].variant, found[-1].reason) == (variant.key, "forced")
    return [
        *found,
        decide(
            compile_ruleset(published(code=code)), code.code, "acct_qa", {**FULL_CONTEXT, "locale": locale}
        ),
    ]


def shape(value: Any) -> Any:
    """The names and types of a body's members; where a slot may be empty, null is of the slot's type."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items() if name not in ("actions", "incentive")}
    return [shape(element) for element in value] if isinstance(value, list) else type(value)


def constants(value: Any, changing: frozenset[str]) -> Any:
    """The body without the values that a variant may change."""
    if isinstance(value, dict):
        return {
            name: None if name in changing else constants(member, changing) for name, member in value.items()
        }
    return value


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(projects())
def test_all_variants_answer_with_equal_status_headers_and_shape(
    project: tuple[ErrorCode, ExperimentState],
) -> None:
    code, state = project
    assert error_code_faults(code) == []
    assert experiment_faults(state.definition, code, {"recharge": a_metric()}) == []
    changing = frozenset({"detail", "message", "actions", "incentive", "progress", "decision_id"})
    first, *others = decisions_of_each_variant(code, state, code.default_locale)
    assert first.status == code.status
    for other in others:
        assert (other.status, dict(other.headers)) == (first.status, dict(first.headers))
        assert shape(other.body) == shape(first.body)
        assert constants(other.body, changing) == constants(first.body, changing)
    for decision in (first, *others):
        assert code.code in json.dumps(decision.body)
        assert all(set(action) == {"label", "href", "rel"} for action in decision.body["actions"])
        assert decision.body["actions"]
        incentive = decision.body["incentive"]
        assert incentive is None or set(incentive) == {"kind", "amount", "ends_at"}
        text = json.dumps(decision.body)
        assert not any(name in text for name in ("control", "treatment", "low-balance"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(projects(), st.none() | st.decimals("0.01", "0.9", places=2), st.text(min_size=1, max_size=20))
def test_any_valid_project_compiles_and_decides(
    project: tuple[ErrorCode, ExperimentState], holdout: Decimal | None, unit_id: str
) -> None:
    code, state = project
    ruleset = compile_ruleset(json.loads(json.dumps(published(state, code=code, holdout=holdout))))
    decision = decide(ruleset, code.code, unit_id, FULL_CONTEXT)
    assert decision.status == code.status
    assert decision.reason in ("split", "not_targeted", "not_in_traffic", "holdout", "fallback")
