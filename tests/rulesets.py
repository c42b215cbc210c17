"""Builders of wire rulesets: valid as they are, every argument overrides one member."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from itertools import accumulate
from typing import Any

CODE = "INSUFFICIENT_BALANCE"
TOP = 1 << 64
ACTIONS = [{"label": "Recharge", "href": "https://example.com/billing", "rel": "recharge"}]
NUMBER = {"decimal": ".", "group": ",", "grouping": [3, 3], "affixes": ["", "", "-", ""]}
LOCALES = {"en": {"number": NUMBER}, "de": {"number": {**NUMBER, "decimal": ",", "group": "."}}}


def wire_message(detail: Any = "Insufficient balance. Please recharge.", **members: Any) -> dict[str, Any]:
    """One message in one locale."""
    return {
        "detail": detail,
        "plain": None,
        "actions": ACTIONS,
        "incentive": None,
        "progress": None,
        **members,
    }


def wire_variant(key: str, edge: int = TOP, detail: Any = None, **members: Any) -> dict[str, Any]:
    """A variant whose text is its key, unless given."""
    message = {"en": wire_message(detail if detail is not None else f"Text of {key}.")}
    return {"key": key, "edge": str(edge), "decision_id": f"d_{key}", "message": message, **members}


def wire_variants(
    *weights: int, keys: tuple[str, ...] = ("control", "progress", "value")
) -> list[dict[str, Any]]:
    """Variants with edges at the exact cumulative shares of whole-number weights."""
    ends = accumulate(weights)
    return [wire_variant(key, end * TOP // sum(weights)) for key, end in zip(keys, ends, strict=False)]


def wire_experiment(key: str = "framing", **members: Any) -> dict[str, Any]:
    """A running experiment of two equal variants that takes everyone."""
    return {
        "error_code": CODE,
        "revision": 3,
        "phase": 1,
        "shipped": None,
        "salts": {"traffic": f"{key}/traffic", "variant": f"{key}/variant"},
        "traffic_edge": str(TOP),
        "exclusion": None,
        "targeting": None,
        "forced": {},
        "needs": {},
        "segments": [],
        "control": "control",
        "variants": wire_variants(1, 1),
        **members,
    }


def wire_error_code(code: str = CODE, **members: Any) -> dict[str, Any]:
    """An error code with a hybrid body and no experiment."""
    return {
        "status": 402,
        "headers": {"Content-Type": "application/problem+json", "Cache-Control": "no-store"},
        "default_locale": "en",
        "context": {},
        "body": {
            "type": "https://api.example.com/problems/wall",
            "title": "Insufficient balance",
            "status": 402,
            "detail": None,
            "code": code,
            "actions": None,
            "incentive": None,
            "progress": None,
            "decision_id": None,
            "error": {"code": code, "message": None},
        },
        "slots": {
            "detail": [["detail"], ["error", "message"]],
            "actions": [["actions"]],
            "incentive": [["incentive"]],
            "progress": [["progress"]],
            "decision_id": [["decision_id"]],
        },
        "decision_id": "d_default",
        "message": {"en": wire_message("The default message.")},
        "experiments": [],
        **members,
    }


def wire_ruleset(
    experiments: Mapping[str, Mapping[str, Any]] | None = None,
    error_codes: Mapping[str, Mapping[str, Any]] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """A ruleset of these experiments, each listed by its error code in the order given."""
    experiments = {"framing": wire_experiment()} if experiments is None else experiments
    codes = {code: dict(each) for code, each in (error_codes or {CODE: wire_error_code()}).items()}
    for key, experiment in experiments.items():
        code = codes.setdefault(experiment["error_code"], wire_error_code(experiment["error_code"]))
        code["experiments"] = [*code["experiments"], key]
    document = {
        "format": 1,
        "project": "shop",
        "revision": 17,
        "holdout": None,
        "locales": LOCALES,
        "error_codes": codes,
        "experiments": dict(experiments),
        **members,
    }
    return deepcopy(document)
