"""Builders of valid definitions: every argument overrides one field, as it would be written in YAML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from experiments.model.error_code import ErrorCode
from experiments.model.experiment import Experiment, Variant
from experiments.model.metric import METRIC, Metric
from experiments.model.state import ExperimentState, Status

A_MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

_ACTIONS = [{"label": "Recharge", "href": "https://example.com/billing", "rel": "recharge"}]


def message_document(detail: str = "Insufficient balance. Please recharge.", **fields: Any) -> dict[str, Any]:
    """A message in one language, as written in YAML."""
    return {"detail": detail, "actions": [dict(action) for action in _ACTIONS], **fields}


def error_code_document(**fields: Any) -> dict[str, Any]:
    """An error code, as written in YAML."""
    return {
        "code": "INSUFFICIENT_BALANCE",
        "status": 402,
        "type": "https://api.example.com/problems/insufficient-balance",
        "title": "Insufficient balance",
        "context": {"usage_percent": "integer", "hours_saved": "number", "plan": "string"},
        "message": {
            "en": message_document("Insufficient balance: your balance is too low for this request.")
        },
        **fields,
    }


def metric_document(**fields: Any) -> dict[str, Any]:
    """A conversion metric, or with `kind` another one, as written in YAML."""
    conversion = {"kind": "conversion", "event": "recharge", "window_days": 7}
    return {
        "key": "recharge",
        **(fields if fields.get("kind", "conversion") != "conversion" else conversion | fields),
    }


def variant_document(key: str = "control", **fields: Any) -> dict[str, Any]:
    """A variant, as written in YAML; the one called control is the control."""
    detail = "Insufficient balance. Please recharge your account or contact support."
    if key != "control":
        detail = f"Insufficient balance. Recharge to keep going ({key})."
    return {
        "key": key,
        "control": key == "control",
        "weight": 0.5,
        "message": {"en": message_document(detail)},
        **fields,
    }


def experiment_document(**fields: Any) -> dict[str, Any]:
    """An experiment of two variants, as written in YAML."""
    return {
        "key": "low-balance-framing",
        "error_code": "INSUFFICIENT_BALANCE",
        "hypothesis": "Showing progress made recharges more accounts than naming the shortage.",
        "variants": [variant_document("control"), variant_document("progress")],
        "plan": {"primary": "recharge"},
        **fields,
    }


def an_error_code(**fields: Any) -> ErrorCode:
    """A valid error code."""
    return ErrorCode.model_validate(error_code_document(**fields))


def a_metric(**fields: Any) -> Metric:
    """A valid metric: conversion to a recharge within seven days, unless fields say otherwise."""
    return METRIC.validate_python(metric_document(**fields))


def a_variant(key: str = "control", **fields: Any) -> Variant:
    """A valid variant; the one called control is the control."""
    return Variant.model_validate(variant_document(key, **fields))


def an_experiment(**fields: Any) -> Experiment:
    """A valid experiment of two variants with equal weights."""
    return Experiment.model_validate(experiment_document(**fields))


def definitions_document(**fields: Any) -> dict[str, Any]:
    """A whole document with one error code, one metric and one experiment, as written in YAML."""
    return {
        "error_codes": [error_code_document()],
        "metrics": [metric_document()],
        "experiments": [experiment_document()],
        **fields,
    }


def a_state(*, definition: Experiment | None = None, **fields: Any) -> ExperimentState:
    """An experiment in its life, a draft unless fields say otherwise."""
    return ExperimentState.model_validate(
        {
            "definition": definition or an_experiment(),
            "status": Status.DRAFT,
            "metrics": (a_metric(),),
            "salt": "0123456789abcdef",
            **fields,
        }
    )


def a_running_state(*, definition: Experiment | None = None, **fields: Any) -> ExperimentState:
    """An experiment that has run since `A_MONDAY`, in its first phase."""
    experiment = definition or an_experiment()
    phase = {
        "number": 1,
        "opened_at": A_MONDAY,
        "shares": {key: str(share) for key, share in experiment.shares.items()},
        "revision": 1,
        "reason": "start",
    }
    return a_state(
        definition=experiment,
        **{"status": Status.RUNNING, "phases": (phase,), "started_at": A_MONDAY, **fields},
    )
