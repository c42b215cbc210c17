"""Ruleset documents for tests: made of texts, or changed so that one variant gets everybody."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from keepgoing.evaluation.hashing import BUCKETS


def variants_at(document: Mapping[str, Any], error_code: str) -> list[tuple[str, str]]:
    """The variants at a wall, each with its experiment."""
    code = document["error_codes"].get(error_code, {"experiments": ()})
    return [
        (variant["key"], experiment)
        for experiment in code["experiments"]
        for variant in document["experiments"][experiment]["variants"]
    ]


def forced_document(document: Mapping[str, Any], forced: Mapping[str, str]) -> dict[str, Any]:
    """The document with every gate open, and at each forced wall with one experiment and all its traffic on
    one variant: the same path as in production, so the same reason and the same exposure."""
    made = {**deepcopy(dict(document)), "holdout": None}
    for error_code, variant in forced.items():
        experiment = next(name for key, name in variants_at(made, error_code) if key == variant)
        made["error_codes"][error_code]["experiments"] = [experiment]
        opened = made["experiments"][experiment]
        opened |= {"shipped": None, "forced": {}, "targeting": None, "exclusion": None}
        opened["traffic_edge"] = str(BUCKETS)
        is_reached = False
        for each in opened["variants"]:
            is_reached = is_reached or each["key"] == variant
            each["edge"] = str(BUCKETS if is_reached else 0)
    return made


def document_of(texts: Mapping[str, Mapping[str, str]], status: int) -> dict[str, Any]:
    """A ruleset with one experiment for each error code, whose variants say these texts."""
    experiments = {code: _experiment(code, variants) for code, variants in texts.items()}
    return {
        "format": 1,
        "project": "testing",
        "revision": 1,
        "holdout": None,
        "locales": {},
        "error_codes": {code: _error_code(code, experiments[code], status) for code in texts},
        "experiments": {f"test-{code}": made for code, made in experiments.items()},
    }


def _experiment(code: str, texts: Mapping[str, str]) -> dict[str, Any]:
    keys = list(texts)
    return {
        "error_code": code,
        "revision": 1,
        "phase": 1,
        "shipped": None,
        "salts": {"traffic": f"{code}/traffic", "variant": f"{code}/variant"},
        "traffic_edge": str(BUCKETS),
        "exclusion": None,
        "targeting": None,
        "forced": {},
        "needs": {},
        "segments": [],
        "control": keys[0],
        "variants": [
            {
                "key": key,
                "edge": str(BUCKETS * (place + 1) // len(keys)),
                "decision_id": f"d_{key}",
                "message": _message(texts[key]),
            }
            for place, key in enumerate(keys)
        ],
    }


def _error_code(code: str, experiment: Mapping[str, Any], status: int) -> dict[str, Any]:
    return {
        "status": status,
        "headers": {"Content-Type": "application/problem+json", "Cache-Control": "no-store"},
        "default_locale": "en",
        "context": {},
        "body": {
            "type": "about:blank", "title": code, "status": status, "detail": None, "code": code,
            "actions": None, "incentive": None, "progress": None, "decision_id": None,
            "error": {"code": code, "message": None},
        },
        "slots": {
            "detail": [["detail"], ["error", "message"]],
            **{name: [[name]] for name in ("actions", "incentive", "progress", "decision_id")},
        },
        "decision_id": None,
        "message": experiment["variants"][0]["message"],
        "experiments": [f"test-{code}"],
    }  # fmt: skip


def _message(text: str) -> dict[str, Any]:
    return {"en": {"detail": text, "plain": None, "actions": [], "incentive": None, "progress": None}}
