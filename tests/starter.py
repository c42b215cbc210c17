"""The starter catalogue as a ruleset in which every variant can be had: the unit of its name gets it."""

from __future__ import annotations

from typing import Any

from experiments.messages.catalogue import starter
from experiments.model.document import load
from experiments.model.error_code import Envelope
from experiments.model.publish import publish
from tests.factories import a_running_state

DOCUMENT = load(starter())
WORDINGS = [(one.error_code, variant.key) for one in DOCUMENT.experiments for variant in one.variants]
FITTING: dict[str, Any] = {
    name: 21 if kind in ("integer", "number") else True if kind == "boolean" else "Friday"
    for code in DOCUMENT.error_codes
    for name, kind in code.context.items()
}
"""A context that carries every wording."""


def published(envelope: Envelope = "hybrid") -> dict[str, Any]:
    """The ruleset, with every wall in this envelope."""
    forced = [
        one.model_copy(update={"forced": {variant.key: variant.key for variant in one.variants}})
        for one in DOCUMENT.experiments
    ]
    return publish(
        "starter",
        1,
        holdout=None,
        error_codes=[one.model_copy(update={"envelope": envelope}) for one in DOCUMENT.error_codes],
        experiments=[a_running_state(definition=one) for one in forced],
    )
