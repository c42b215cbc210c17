"""A decision as OpenFeature knows flags: one key for the body, one for its text; in process and by OFREP."""

from __future__ import annotations

from typing import Any, NamedTuple

from keepgoing.evaluation import assign
from keepgoing.evaluation.decision import Decision

TEXT_SUFFIX = ".message"
"""Flag `CODE` is the body, an object; flag `CODE.message` is its text."""
DEFAULT_VARIANT = "default"
"""In the place of a variant where the answer is no variant's: real clients take no answer without one."""

REASONS = {
    assign.SPLIT: "SPLIT",
    assign.FORCED: "TARGETING_MATCH",
    assign.SHIPPED: "STATIC",
    assign.HOLDOUT: "DISABLED",
    assign.NOT_TARGETED: "STATIC",
    assign.NOT_IN_TRAFFIC: "STATIC",
    assign.NO_EXPERIMENT: "STATIC",
    assign.FALLBACK: "UNKNOWN",
}
"""OpenFeature's word for each reason; the exact one stands in the metadata."""


class FlagKey(NamedTuple):
    """Which error code a flag asks for, and whether for the text alone."""

    error_code: str
    is_text: bool


def flag_key(key: str) -> FlagKey:
    """The flag of this key."""
    code, dot, _ = key.rpartition(TEXT_SUFFIX)
    return FlagKey(code, True) if dot and key.endswith(TEXT_SUFFIX) else FlagKey(key, False)


def value(decision: Decision, key: FlagKey) -> Any:
    """The flag's value: the body, or its text."""
    return decision.text if key.is_text else decision.body


def variant(decision: Decision) -> str:
    """The flag's variant; there always is one."""
    return decision.variant or DEFAULT_VARIANT


def metadata(decision: Decision, project: str) -> dict[str, str | int | bool]:
    """What stands beside a value: flat, under the names that OpenTelemetry's flag events are made from.

    Args:
        decision: Of the flag.
        project: Of the ruleset.
    """
    found = {
        "flagSetId": project,
        "version": decision.revision,
        "experiment": decision.experiment,
        "decisionReason": decision.reason,
        "isControl": decision.is_control,
        "contextId": decision.unit_id,
    }
    return {name: each for name, each in found.items() if each is not None}
