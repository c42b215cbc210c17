"""Whatever may be asked of the planner, the answer is finite numbers that can be, or a problem in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api_client import PROBLEM, Site


def within(least: float, most: float) -> st.SearchStrategy[float]:
    """Numbers of all sizes from least to most, the ends among them."""
    sizes = st.floats(-12, 12).map(lambda power: 10**power)
    return st.one_of(st.sampled_from([least, most]), sizes, st.floats(least, most)).filter(
        lambda value: least <= value <= most
    )


optional = {
    "mde_relative": within(-0.999999, 100).filter(bool),
    "power": st.floats(0.5, 0.999),
    "level": st.floats(0.5, 0.999),
    "daily": within(1e-9, 1e9),
    "variants": st.integers(2, 20),
    "standard_deviation": within(1e-12, 1e12),
    "horizon": within(1e-12, 1e12),
    "quantile": within(1e-9, 1 - 1e-9),
    "log_deviation": within(1e-12, 100),
    "mode": st.sampled_from(["fixed", "planned", "open"]),
    "looks": st.integers(1, 100),
    "spending": st.sampled_from(["obrien_fleming", "pocock"]),
    "cluster_size": within(1, 1_000_000),
    "icc": st.floats(0, 1),
    "max_days": st.integers(1, 3650),
    "participants": st.one_of(st.integers(1, 50), st.just(10**12)),
    "guardrails": st.lists(
        st.one_of(
            st.fixed_dictionaries({"margin": within(1e-9, 1e9), "standard_deviation": within(1e-12, 1e12)}),
            st.fixed_dictionaries({"margin": within(1e-9, 0.9), "baseline": st.floats(1e-9, 0.999)}),
        ),
        max_size=2,
    ),
}
NEEDED = {
    "conversion": (),
    "retention": (),
    "mean": ("standard_deviation",),
    "ratio": ("standard_deviation",),
    "time": ("horizon",),
    "quantile": ("log_deviation",),
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Any question that has what its kind needs, most of them with a baseline that the kind can have."""
    kind = draw(st.sampled_from(sorted(NEEDED)))
    baseline = st.floats(1e-6, 0.999) if kind in ("conversion", "retention") else within(1e-12, 1e12)
    asked = {"kind": kind, "baseline": draw(baseline), **draw(st.fixed_dictionaries({}, optional=optional))}
    asked |= {member: draw(optional[member]) for member in NEEDED[kind]}
    if kind == "time":
        asked["horizon"] = min(1e12, asked["baseline"] * draw(st.floats(1.001, 1e6)))
    return asked


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One service for all questions: none of them leaves anything behind."""
    from tests.conftest import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('plan') / 'keepgoing.db'}"
    upgrade(url)
    found = Site(url)
    yield found
    found.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
@example(question={"baseline": 1e-9, "kind": "conversion", "daily": 1e9})
@example(question={"baseline": 0.1, "kind": "conversion", "daily": 10, "level": 0.5, "power": 0.5})
@example(question={"baseline": 0.1, "kind": "retention", "mode": "planned", "level": 0.5, "power": 0.5})
def test_any_plan_is_a_number_or_a_reason(site: Site, question: dict[str, Any]) -> None:
    answer = site.post("/v1/plan", question)
    found = json.loads(answer.data, parse_constant=_no_number)
    if answer.status_code != 200:
        assert (answer.status_code in (400, 422), answer.mimetype) == (True, PROBLEM), found
        assert found.get("detail") or found["errors"]
        return
    assert found["participants"] >= sum(found["participants_by_variant"]) > 0
    assert found["mde_absolute"] != 0
    assert all(0 <= found[share] <= 1 for share in ("power", "level", "alpha", "power_each"))
    assert found["inflation"] >= 1
    assert found["design_effect"] >= 1
    assert found["power_of_participants"] is None or 0 <= found["power_of_participants"] <= 1
    assert (found["feasible"] is False) == (found["reason"] is not None)


def _no_number(constant: str) -> None:
    raise AssertionError(f"{constant} is no number")
