"""What savvi answers. It runs where that is installed, not in the project's own environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from savvi.multinomial import InhomogeneousBernoulliProcess, Multinomial

from tests.witnesses.inputs import SPLITS

Row = tuple[str, str, dict[str, Any]]
CONVERSIONS = {
    "even": ((40, 62), (0.5, 0.5)),
    "uneven": ((120, 41), (0.75, 0.25)),
    "few": ((0, 7), (0.5, 0.5)),
}
"""Conversions of control and treatment, and the shares of the traffic."""


def rows() -> Iterator[Row]:
    """Every answer: which method, on which input, and what came out."""
    for case, (observed, weights) in SPLITS.items():
        if case != "even three" and case != "kohavi":  # its thirds do not add up to 1; the other overflows
            test = Multinomial(0.05, np.array(weights))
            test.update(np.array(observed))
            yield "sequential", case, {"e_value": float(test.odds)}
    for case, (conversions, shares) in CONVERSIONS.items():
        process = InhomogeneousBernoulliProcess(
            0.05, np.array(shares), lambda delta: [delta[0] == delta[1]], np.array([[1, -1]])
        )
        process.update(np.array(conversions))
        answer = {"conversions": list(conversions), "shares": list(shares), "e_value": float(process.odds)}
        yield "bernoulli_e_value", case, answer
