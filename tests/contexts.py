"""Values that a host may send by mistake, or whose author means harm."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

HOSTILE = st.sampled_from(
    [
        "{plan}",
        "{hours, plural, other {#}}",
        "%s {0} {{x}} #",
        "'{'",
        "\0",
        "\ud83d",
        "\u202e",
        "x" * 5000,
        "{",
    ]
)
VALUES = (
    HOSTILE | st.text(max_size=20) | st.none() | st.booleans() | st.integers() | st.floats()
    | st.just(10**400) | st.just(Decimal("NaN")) | st.just(Decimal("1e-40")) | st.builds(object)
    | st.lists(st.integers(), max_size=2) | st.binary(max_size=5)
)  # fmt: skip
