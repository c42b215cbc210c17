"""The demo's definitions: two files as a marketer writes them, and one made from the archive's counts."""

from __future__ import annotations

from typing import Any

import yaml

from experiments.model.document import Definitions, definitions
from service.demo.facts import Headline, headlines, text, upworthy_key, upworthy_tests, week_start

ARCHIVE = (
    "The Upworthy Research Archive (Matias, Munger, Le Quere, Ebersole; Scientific Data 8:195, 2021); "
    "real visitors"
)


def cookie_cats() -> Definitions:
    """The experiment on Cookie Cats' gate."""
    return definitions(yaml.safe_load(text("cookie_cats.yaml")))


def low_balance() -> Definitions:
    """The experiment on INSUFFICIENT_BALANCE, whose units are simulated."""
    return definitions(yaml.safe_load(text("low_balance.yaml")))


def upworthy() -> Definitions:
    """One experiment for each replayed headline test."""
    document = yaml.safe_load(text("upworthy.yaml"))
    return definitions(document | {"experiments": [_experiment(test) for test in upworthy_tests()]})


def _experiment(test_id: str) -> dict[str, Any]:
    shown = [headline for headline in headlines() if headline.test_id == test_id]
    week = week_start(shown[0].week).strftime("%d %B %Y")
    return {
        "key": upworthy_key(test_id),
        "error_code": "HEADLINE",
        "hypothesis": "One of the other headlines is opened more often than the first.",
        "description": (
            f"Test {test_id} of the archive, replayed from its counts, spread evenly over its week, "
            f"from {week}. "
            "The archive marks no control; headline 1 is taken."
        ),
        "unit": "visitor",
        "assignment": "external",
        "source": {"label": ARCHIVE, "url": "https://osf.io/jd64p/"},
        "variants": [_variant(headline) for headline in shown],
        "plan": {"primary": "click", "baseline": 0.01, "mde_relative": 0.25, "min_days": 7, "max_days": 7},
    }


def _variant(headline: Headline) -> dict[str, Any]:
    size = f"{headline.characters} characters"
    detail = f"Headline {headline.number}, {size}. The archive's words are not ours to show."
    action = {"label": "Read on", "href": "https://example.com/articles", "rel": "recharge"}
    return {
        "key": f"headline_{headline.number}",
        "control": headline.number == 1,
        "weight": 1,
        "message": {"en": {"detail": detail, "actions": [action]}},
    }
