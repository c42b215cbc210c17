"""Random valid definitions, for the properties that hold over all of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from experiments.model.error_code import ErrorCode
from experiments.model.experiment import Experiment

ENVELOPES = ("hybrid", "problem", "error", "openai", "anthropic", "stripe", "google")
CONTEXT = {"plan": "string", "used": "integer", "saved": "number", "trial": "boolean"}
LOCALES = ("en", "de", "ar", "zh-Hant", "pt-BR")

_PARTS = st.sampled_from(
    [
        "Insufficient balance.",
        "Zum Aufladen: 👉",
        "It''s '{'quoted'}'.",
        "{plan}",
        "{used, number}",
        "{saved, number, ::currency/EUR}",
        "{saved, plural, =0 {none} one {# hour} other {# hours}}",
        "{used, selectordinal, one {#st} other {#th}}",
        "{trial, select, true {Trial.} other {Paid.}}",
    ]
)
_TEMPLATES = st.lists(_PARTS, min_size=1, max_size=4).map(" ".join)
_ACTIONS = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["Recharge", "Stay on {plan}"]),
        "href": st.sampled_from(
            ["https://example.com/billing", "https://example.com/{plan}?n={used}", "tel:+49301"]
        ),
        "rel": st.sampled_from(["recharge", "support"]),
    }
)
_MESSAGES = st.fixed_dictionaries(
    {
        "detail": _TEMPLATES,
        "plain": st.none() | st.just("Insufficient balance. Please recharge."),
        "actions": st.lists(_ACTIONS, min_size=1, max_size=3),
    }
)
_INCENTIVES = st.none() | st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["bonus_units", "trial_days"]),
        "amount": st.integers(1, 100),
        "unit_cost": st.just("0.02"),
        "budget": st.just("500.00"),
        "ends_at": st.none() | st.just("2026-12-31T00:00:00Z"),
    }
)
_CONDITIONS = st.sampled_from(
    [
        {"attribute": "plan", "op": "in", "value": ["free", "pro"]},
        {"attribute": "used", "op": "gte", "value": 50},
        {"attribute": "trial", "op": "eq", "value": True},
        {"attribute": "locale", "op": "starts_with", "value": "de"},
        {"attribute": "saved", "op": "exists"},
    ]
)
_TARGETING = st.none() | st.recursive(
    _CONDITIONS,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=4,
)


@st.composite
def error_codes(draw: st.DrawFn) -> ErrorCode:
    """Any error code, in up to three locales."""
    locales = draw(st.lists(st.sampled_from(LOCALES), min_size=1, max_size=3, unique=True))
    return ErrorCode.model_validate(
        {
            "code": draw(st.sampled_from(["INSUFFICIENT_BALANCE", "quota-exceeded"])),
            "status": draw(st.sampled_from([400, 402, 403, 429, 503])),
            "envelope": draw(st.sampled_from(ENVELOPES)),
            "title": "Insufficient balance",
            "context": CONTEXT,
            "headers": draw(st.sampled_from([{}, {"Retry-After": "60"}, {"cache-control": "private"}])),
            "default_locale": locales[0],
            "message": {locale: draw(_MESSAGES) for locale in locales},
        }
    )


@st.composite
def experiments_on(draw: st.DrawFn, error_code: ErrorCode) -> Experiment:
    """Any experiment on an error code that can be started."""
    weights = draw(st.lists(st.decimals(0, 10, places=3), max_size=5))
    treatments = [f"v{number}" for number in range(len(weights))]
    return Experiment.model_validate(
        {
            "key": draw(st.sampled_from(["a", "b", "low-balance"])),
            "error_code": error_code.code,
            "traffic": draw(st.decimals("0.001", 1, places=3)),
            "exclusion_group": draw(st.none() | st.just("billing")),
            "targeting": draw(_TARGETING),
            "forced": {"acct_qa": "control"},
            "variants": [
                _variant(draw, error_code, "control", weight=draw(st.decimals("0.001", 10, places=3))),
                _variant(draw, error_code, "treatment", weight=1),
                *(
                    _variant(draw, error_code, key, weight=w)
                    for key, w in zip(treatments, weights, strict=True)
                ),
            ],
            "plan": {"primary": "recharge", "segments": ["plan", "locale"]},
        }
    )


def _variant(draw: st.DrawFn, error_code: ErrorCode, key: str, *, weight: Any) -> dict[str, Any]:
    detail = draw(_TEMPLATES)  # every locale of a variant uses the same placeholders
    return {
        "key": key,
        "control": key == "control",
        "weight": weight,
        "message": {locale: {**draw(_MESSAGES), "detail": detail} for locale in sorted(error_code.locales)},
        "incentive": draw(_INCENTIVES),
    }
