from __future__ import annotations

from typing import Any

import pytest

from experiments.errors import InvalidInput
from experiments.model.error_code import ErrorCode
from experiments.model.experiment import Experiment
from experiments.model.faults import MAX_DEPTH, pointer, unknown_name, validated
from experiments.model.metric import METRIC
from tests.factories import error_code_document, experiment_document, metric_document, variant_document


def faults_of(shape: Any, data: Any, prefix: str = "") -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        validated(shape, data, prefix)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


def an_experiment_with(**variant: Any) -> dict[str, Any]:
    return experiment_document(variants=[variant_document(), variant_document("progress") | variant])


def test_a_bound_is_named_with_the_value_and_the_name() -> None:
    faults = faults_of(Experiment, an_experiment_with(weight=-1))
    assert faults == {"/variants/1/weight": "weight == -1, must be >= 0"}


def test_the_prefix_stands_before_each_pointer() -> None:
    assert list(faults_of(ErrorCode, error_code_document(status=1), "/error_codes/7")) == [
        "/error_codes/7/status"
    ]


def test_a_misspelt_field_is_answered_with_the_nearest_that_there_is() -> None:
    faults = faults_of(Experiment, an_experiment_with(wieght=1))
    assert faults == {"/variants/1/wieght": "is no field here; did you mean 'weight'?"}


def test_a_field_like_no_other_is_answered_with_all_that_there_are() -> None:
    assert (
        "known are key, control, weight"
        in faults_of(Experiment, an_experiment_with(zzzz=1))["/variants/1/zzzz"]
    )


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (metric_document(window_days=0), "/window_days"),
        (metric_document(kind="retention", event="call", from_day=9, to_day=9), "/to_day"),
        (metric_document(kind="ratio", numerator={"event": "a"}, denominator={}), "/denominator/event"),
    ],
)
def test_members_of_a_union_leave_no_trace_in_the_pointer(data: dict[str, Any], place: str) -> None:
    assert list(faults_of(METRIC, data)) == [place]


def test_an_unknown_kind_is_answered_with_the_kinds() -> None:
    faults = faults_of(METRIC, metric_document(kind="median"))
    assert faults == {"/kind": "'median' is not one of conversion, mean, ratio, retention, time, quantile"}


def test_rules_in_rules_are_named_by_their_place() -> None:
    rule = {"any": [{"not": {"attribute": "plan", "op": "in", "value": [None]}}]}
    assert list(faults_of(Experiment, experiment_document(targeting=rule))) == [
        "/targeting/any/0/not/value/0"
    ]


def test_a_list_with_faulty_elements_is_not_also_called_too_short() -> None:
    assert set(faults_of(Experiment, experiment_document(variants=[1, 2]))) == {"/variants/0", "/variants/1"}


@pytest.mark.parametrize("data", [None, 3, "text", [], [{}]])
def test_what_is_no_object_is_called_so(data: Any) -> None:
    assert "must be an object" in faults_of(Experiment, data)[""]


HOSTILE = {
    "long text": "x" * 10_000,
    "control characters": "\x00\r\n" * 1000,
    "thousands of digits": 10**5000,
    "thousands of digits below zero": -(10**5000),
    "long list": [[[1]]] * 500,
    "object": {"a": "b" * 999},
    "huge": 1e308,
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("field", ["weight", "key", "control", "description", "message"])
def test_no_message_repeats_more_than_the_beginning_of_a_value(field: str, value: Any) -> None:
    for detail in faults_of(Experiment, an_experiment_with(**{field: value})).values():
        assert len(detail) < 160
        assert detail.isprintable()
        assert "pydantic" not in detail


def test_a_document_may_not_be_deeper_than_anything_needs() -> None:
    data: Any = []
    for _ in range(100_000):
        data = [data]
    assert faults_of(Experiment, data) == {"": f"is nested more than {MAX_DEPTH} levels deep"}


def test_a_document_may_not_stand_in_itself() -> None:
    data: dict[str, Any] = {}
    data["targeting"] = data
    assert "nested" in faults_of(Experiment, data)[""]


def test_aliases_count_each_time_they_are_used() -> None:
    data: list[Any] = [0] * 1000
    for _ in range(3):
        data = [data] * 20
    assert "more than 200000 values" in faults_of(Experiment, data)[""]


def test_a_pointer_escapes_as_rfc_6901_says() -> None:
    assert pointer(("forced", "a/b~c", 3)) == "/forced/a~1b~0c/3"


def test_a_pointer_can_always_be_sent() -> None:
    assert pointer(("forced", "a\ud800")).encode() == rb"/forced/a\ud800"


def test_an_unknown_name_is_answered_with_the_nearest_or_with_all() -> None:
    assert unknown_name("metric", "rechrge", ["recharge"]).endswith("did you mean 'recharge'?")
    assert unknown_name("metric", "zzz", ["recharge"]).endswith("there are: recharge")
    assert unknown_name("metric", "zzz", []).endswith("there are: none yet")
