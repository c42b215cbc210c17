"""OpenFeature: a provider that evaluates in process and tracks, and a hook that logs exposures.

api.set_provider(KeepgoingProvider(client))
api.get_client().get_string_value("INSUFFICIENT_BALANCE.message", "", EvaluationContext("acct_42"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagResolutionDetails, Reason
from openfeature.hook import Hook, HookContext
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from keepgoing.client import Client
from keepgoing.evaluation import flags

Value = TypeVar("Value")

OWN = ("value", "currency", "event_id", "occurred_at")
"""Attributes of a tracked event that `track` has arguments for; the others are its properties."""


class KeepgoingProvider(AbstractProvider):
    """Flag `CODE` is the body of an error code, flag `CODE.message` its text; the targeting key is the unit.

    Args:
        client: A `keepgoing.Client`; `shutdown` closes it.
        exposures: Whether an evaluation logs an exposure. False, and `ExposureHook` where one is meant.
        ready_seconds: How long `initialize` waits for the ruleset. Without it, flags have their defaults.
    """

    def __init__(self, client: Client, *, exposures: bool = True, ready_seconds: float = 2.0) -> None:
        super().__init__()
        self._client = client
        self._exposures = exposures
        self._ready_seconds = ready_seconds

    def get_metadata(self) -> Metadata:
        return Metadata(name="keepgoing")

    def initialize(self, evaluation_context: EvaluationContext) -> None:  # noqa: ARG002 - OpenFeature's own
        self._client.wait_ready(self._ready_seconds)

    def shutdown(self) -> None:
        self._client.close()

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Logs a conversion. A float has lost cents before it arrives: the attribute `value` overrides it."""
        details = tracking_event_details or TrackingEventDetails()
        attributes: dict[str, Any] = dict(details.attributes)
        own = {name: attributes.pop(name) for name in OWN if name in attributes}
        unit = evaluation_context.targeting_key if evaluation_context else None
        self._client.track(
            tracking_event_name, unit or "", **{"value": details.value, **own}, properties=attributes or None
        )

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[Any] | Mapping[str, Any],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[Any] | Mapping[str, Any]]:
        return self._resolved(flag_key, default_value, evaluation_context, is_text=False)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return self._resolved(flag_key, default_value, evaluation_context, is_text=True)

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return _of_no_kind(flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return _of_no_kind(flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return _of_no_kind(flag_key, default_value, evaluation_context)

    def _resolved(
        self, flag_key: str, default: Value, context: EvaluationContext | None, *, is_text: bool
    ) -> FlagResolutionDetails[Value]:
        key = flags.flag_key(flag_key)
        if not self._client.knows(key.error_code):
            return _failed(default, ErrorCode.FLAG_NOT_FOUND, f"the ruleset has no {key.error_code!r}")
        if key.is_text != is_text:
            kind = "a string" if key.is_text else "an object"
            return _failed(default, ErrorCode.TYPE_MISMATCH, f"{flag_key!r} is {kind}")
        if context is None or not context.targeting_key:
            return _failed(default, ErrorCode.TARGETING_KEY_MISSING, "the targeting key names the unit")
        decision = self._client.decide(
            key.error_code, context.targeting_key, dict(context.attributes), exposure=self._exposures
        )
        return FlagResolutionDetails(
            value=flags.value(decision, key),
            variant=flags.variant(decision),
            reason=Reason(flags.REASONS[decision.reason]),
            flag_metadata=flags.metadata(decision, self._client.project or ""),
        )


class ExposureHook(Hook):
    """Logs an exposure after each evaluation it is given to; for a provider with `exposures=False`.

    Args:
        client: The provider's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[Any],  # noqa: ARG002 - OpenFeature's own
        hints: Mapping[str, Any],  # noqa: ARG002 - OpenFeature's own
    ) -> None:
        context = hook_context.evaluation_context
        code = flags.flag_key(hook_context.flag_key).error_code
        if context.targeting_key:
            self._client.decide(code, context.targeting_key, dict(context.attributes), exposure=True)


def _of_no_kind(flag_key: str, default: Value, _context: object) -> FlagResolutionDetails[Value]:
    return _failed(default, ErrorCode.TYPE_MISMATCH, f"{flag_key!r} is an object, its .message a string")


def _failed(default: Value, code: ErrorCode, message: str) -> FlagResolutionDetails[Value]:
    return FlagResolutionDetails(default, error_code=code, error_message=message, reason=Reason.ERROR)
