from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationOptions
from openfeature.track import TrackingEventDetails

from keepgoing.evaluation.flags import REASONS, flag_key
from keepgoing.integrations.openfeature import ExposureHook, KeepgoingProvider
from keepgoing.testing import FakeClient

CODE = "INSUFFICIENT_BALANCE"
CONTEXT = EvaluationContext("acct_42", {"plan": "pro"})


@pytest.fixture
def client() -> FakeClient:
    found = FakeClient.from_texts({CODE: {"control": "Too low.", "progress": "You are at 87 %."}})
    found.force(CODE, "progress")
    return found


@pytest.fixture
def flags(client: FakeClient) -> Iterator[OpenFeatureClient]:
    api.set_provider_and_wait(KeepgoingProvider(client))  # type: ignore[arg-type]
    yield api.get_client()
    api.clear_providers()


def test_the_body_and_the_text_are_two_flags_of_one_decision(
    flags: OpenFeatureClient, client: FakeClient
) -> None:
    body = flags.get_object_details(CODE, {}, CONTEXT)
    text = flags.get_string_details(f"{CODE}.message", "", CONTEXT)
    assert isinstance(body.value, dict)
    assert body.value["error"]["message"] == text.value == "You are at 87 %."  # type: ignore[call-overload,index]
    assert (body.variant, body.reason) == (text.variant, text.reason) == ("progress", "SPLIT")
    assert body.flag_metadata == {
        "flagSetId": "testing", "version": 1, "experiment": f"test-{CODE}", "decisionReason": "split",
        "isControl": False, "contextId": "acct_42",
    }  # fmt: skip
    assert len(client.exposures) == 1


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda flags: flags.get_object_details("NO_SUCH", {"d": 1}, CONTEXT), ErrorCode.FLAG_NOT_FOUND),
        (lambda flags: flags.get_string_details(CODE, "d", CONTEXT), ErrorCode.TYPE_MISMATCH),
        (lambda flags: flags.get_boolean_details(CODE, True, CONTEXT), ErrorCode.TYPE_MISMATCH),
        (lambda flags: flags.get_integer_details(CODE, 3, CONTEXT), ErrorCode.TYPE_MISMATCH),
        (lambda flags: flags.get_float_details(CODE, 3.0, CONTEXT), ErrorCode.TYPE_MISMATCH),
        (lambda flags: flags.get_object_details(CODE, {"d": 1}), ErrorCode.TARGETING_KEY_MISSING),
    ],
)
def test_what_cannot_be_answered_is_the_default_with_the_standards_error(
    flags: OpenFeatureClient, client: FakeClient, ask: Any, error: ErrorCode
) -> None:
    found = ask(flags)
    assert found.error_code == error
    assert found.reason == "ERROR"
    assert client.exposures == []


def test_a_tracked_amount_comes_from_the_attribute_and_the_rest_are_properties(
    flags: OpenFeatureClient, client: FakeClient
) -> None:
    given = {"value": "19.99", "currency": "USD", "event_id": "invoice-1", "channel": "web"}
    flags.track("recharge", CONTEXT, TrackingEventDetails(19.989999, given))  # type: ignore[arg-type]
    flags.track("recharge", CONTEXT, TrackingEventDetails(5.0))
    flags.track("recharge", EvaluationContext(), TrackingEventDetails(5.0))
    first, second = client.tracked
    assert (first.value, first.currency, first.event_id) == ("19.99", "USD", "invoice-1")
    assert first.properties == {"channel": "web"}
    assert second.value == "5.0"
    assert len(client.refused) == 1


def test_a_provider_without_exposures_logs_one_only_where_the_hook_is_given(client: FakeClient) -> None:
    api.set_provider_and_wait(KeepgoingProvider(client, exposures=False))  # type: ignore[arg-type]
    flags = api.get_client()
    try:
        flags.get_string_value(f"{CODE}.message", "", CONTEXT)
        assert client.exposures == []
        hooks = FlagEvaluationOptions(hooks=[ExposureHook(client)])  # type: ignore[arg-type]
        flags.get_string_value(f"{CODE}.message", "", CONTEXT, hooks)
        assert [one.variant for one in client.exposures] == ["progress"]
    finally:
        api.clear_providers()


def test_every_reason_has_a_word_of_the_standard() -> None:
    assert set(REASONS) == {
        "split", "forced", "shipped", "holdout", "not_targeted", "not_in_traffic", "no_experiment", "fallback"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "code", "is_text"),
    [
        (CODE, CODE, False),
        (f"{CODE}.message", CODE, True),
        (".message", "", True),
        ("a.message.b", "a.message.b", False),
    ],
)
def test_a_key_names_the_code_and_the_part(key: str, code: str, is_text: bool) -> None:
    assert flag_key(key) == (code, is_text)
