"""Times, quantiles and caps over HTTP: defined, sent as events, read, and recounted from the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import survdiff

from service.use_cases import upkeep
from tests.api_client import KEY, Site, conversion, exposure
from tests.factories import experiment_document, metric_document

PATH = f"/v1/experiments/{KEY}"
START = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = 7 * 86_400
METRICS = [
    metric_document(key="spent", kind="mean", event="recharge", currency="USD", cap_quantile=0.95),
    metric_document(key="wait", kind="time", event="recharge", window_days=7),
    metric_document(key="middle", kind="quantile", event="recharge", currency="USD", quantile=0.75),
    metric_document(key="paid", kind="quantile", event="recharge", currency="USD", among="converted"),
]
UNITS = 240
DAYS = 8

Recharge = tuple[str, float, float]
"""Unit, seconds after its exposure, amount."""


class Crowd:
    """Made-up units, each with its variant, its day, and its recharges."""

    def __init__(self) -> None:
        random = np.random.default_rng(11)
        self.variant = {f"u{n}": ("control", "progress")[n % 2] for n in range(UNITS)}
        self.exposed = {
            unit: START + timedelta(days=n % DAYS, seconds=int(random.integers(86_400)))
            for n, unit in enumerate(self.variant)
        }
        self.recharges: list[Recharge] = [
            (unit, float(random.exponential(3 * 86_400)), round(float(random.lognormal(3, 1.5)), 2))
            for unit in self.variant
            for _ in range(int(random.poisson(1.4)))
        ]

    def events(self) -> list[dict[str, Any]]:
        found = [
            exposure(f"x-{unit}", unit, self.variant[unit], occurred_at=at.isoformat())
            for unit, at in self.exposed.items()
        ]
        for n, (unit, after, amount) in enumerate(self.recharges):
            at = (self.exposed[unit] + timedelta(seconds=after)).isoformat()
            found.append(conversion(f"c{n}", unit, occurred_at=at, value=f"{amount:.2f}"))
        return found

    def amounts(self) -> dict[str, float]:
        """What each unit recharged inside its window."""
        found = dict.fromkeys(self.variant, 0.0)
        for unit, after, amount in self.recharges:
            found[unit] += amount if after < WINDOW else 0.0
        return {unit: round(amount, 2) for unit, amount in found.items()}

    def times(self) -> dict[str, float]:
        """The seconds until each unit's first recharge in its window, for those who have one."""
        found: dict[str, float] = {}
        for unit, after, _ in self.recharges:
            if after < WINDOW:
                found[unit] = min(after, found.get(unit, after))
        return found

    def of(self, values: dict[str, float], variant: str) -> Any:
        return np.array([value for unit, value in values.items() if self.variant[unit] == variant])


CROWD = Crowd()


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def a_site(url: str, events: list[dict[str, Any]], *, batch: int = 200) -> Site:
    """A service that has received these events in this order; it is 30 days after the start."""
    clock = Clock()
    site = Site(url, clock=clock).catalogue()
    for metric in METRICS:
        assert site.post("/v1/metrics", metric).status_code == 201
    plan = {"primary": "spent", "secondary": ["wait", "middle", "paid"], "segments": ["plan"], "max_days": 60}
    assert site.post("/v1/experiments", experiment_document(plan=plan)).status_code == 201
    assert site.post(f"{PATH}/start").status_code == 200
    clock.now = START + timedelta(days=30)
    for begin in range(0, len(events), batch):
        assert site.send(*events[begin : begin + batch]).json["rejected"] == []
    site.fold()
    return site


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """The service with the crowd's events, in an order of their own."""
    events = CROWD.events()
    np.random.default_rng(5).shuffle(events)  # type: ignore[arg-type]  # a list will do
    found = a_site(database_url, events)
    yield found
    found.close()


def metrics_of(site: Site, query: str = "") -> dict[str, Any]:
    answer = site.get(f"{PATH}/results{query}")
    assert answer.status_code == 200, answer.text
    return {metric["key"]: metric for metric in answer.json["metrics"]}


def three_digits(value: int) -> int:
    step = 10 ** max(0, len(str(value)) - 3)
    return -(-value // step) * step


def test_the_capped_mean_is_that_of_every_row_capped_by_hand(site: Site) -> None:
    metric, amounts = metrics_of(site)["spent"], CROWD.amounts()
    first_week = {unit for unit, at in CROWD.exposed.items() if at < START + timedelta(days=7)}
    edges = sorted(three_digits(round(amounts[unit] * 10**6)) for unit in first_week)
    cap = edges[int(np.ceil(0.95 * len(edges) - 1e-9)) - 1] / 10**6
    assert float(metric["capped"]["cap_value"]) == cap
    assert metric["capped"]["touched"] == {
        key: int((CROWD.of(amounts, key) > cap).sum()) for key in ("control", "progress")
    }
    arms = [np.minimum(CROWD.of(amounts, key), cap) for key in ("control", "progress")]
    lift = metric["variants"][1]["absolute"]
    assert lift["estimate"] == pytest.approx(arms[1].mean() - arms[0].mean(), rel=1e-9)
    assert lift["p_value"] == pytest.approx(stats.ttest_ind(*arms, equal_var=False).pvalue, rel=1e-8)
    plain = CROWD.of(amounts, "control").mean()
    assert metric["capped"]["uncapped"]["variants"][0]["mean"] == pytest.approx(plain, rel=1e-9)


def test_times_are_those_of_every_row(site: Site) -> None:
    metric, times = metrics_of(site)["wait"], CROWD.times()
    assert (metric["unit"], metric["direction"]) == ("seconds", "decrease")
    whole = {unit: times.get(unit, float(WINDOW)) for unit in CROWD.variant}
    for variant in metric["variants"]:
        assert variant["mean"] == pytest.approx(CROWD.of(whole, variant["key"]).mean(), abs=1e-5)
        assert variant["conversions"] == len(CROWD.of(times, variant["key"]))
    binned = [min(-(-three_digits(round(t * 10**6)) // 10**6), WINDOW) for t in whole.values()]
    events = [int(unit in times) for unit in whole]
    _, p_value = survdiff(np.array(binned), np.array(events), np.array([CROWD.variant[u] for u in whole]))
    assert metric["times"]["log_rank"][0]["p_value"] == pytest.approx(p_value, rel=1e-6)
    control = metric["times"]["curves"][0]
    at_half = sorted(t for t, unit in zip(binned, whole, strict=True) if CROWD.variant[unit] == "control")
    assert control["median"]["seconds"] == at_half[UNITS // 4 - 1]


def test_quantiles_are_those_of_every_row(site: Site) -> None:
    found, amounts = metrics_of(site), CROWD.amounts()
    for place, key in enumerate(("control", "progress")):
        own = CROWD.of(amounts, key)
        upper = float(np.quantile(own, 0.75, method="median_unbiased"))
        assert found["middle"]["variants"][place]["mean"] == pytest.approx(upper, rel=0.005)
        paid = float(np.median(own[own > 0]))
        assert found["paid"]["variants"][place]["mean"] == pytest.approx(paid, rel=0.005)
    assert found["paid"]["among"] == "converted"
    assert found["paid"]["remarks"]


def test_a_rebuild_gives_the_same_results(site: Site) -> None:
    before = metrics_of(site, "?segment=plan")
    upkeep.rebuild(site.services.backend.database)
    assert metrics_of(site, "?segment=plan") == before


def test_events_from_before_there_were_bins_ask_for_a_rebuild(site: Site) -> None:
    sound = metrics_of(site)
    with site.services.backend.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM tally_bin")
    late = conversion("late", "u0", occurred_at=(CROWD.exposed["u0"] + timedelta(seconds=1)).isoformat())
    assert site.send(late).json["accepted"] == 1
    site.fold()
    found = metrics_of(site)
    assert "keepgoing rebuild" in found["spent"]["capped"]["reason"]
    assert "keepgoing rebuild" in found["wait"]["unavailable"]["times"]
    assert "keepgoing rebuild" in found["middle"]["variants"][0]["unavailable"]["mean"]
    upkeep.rebuild(site.services.backend.database)
    assert metrics_of(site)["middle"]["variants"][1] == sound["middle"]["variants"][1] | {
        name: metrics_of(site)["middle"]["variants"][1][name]
        for name in ("absolute", "relative", "sequential", "bayesian")
    }


def test_the_past_sees_only_those_who_had_come(site: Site) -> None:
    past = (START + timedelta(days=12)).isoformat().replace("+00:00", "Z")
    metric = metrics_of(site, f"?as_of={past}")["wait"]
    assert sum(variant["participants"] for variant in metric["variants"]) < UNITS


def test_the_series_of_each_kind_has_days(site: Site) -> None:
    for metric in METRICS:
        answer = site.get(f"{PATH}/timeseries?metric={metric['key']}")
        assert len(answer.json["days"]) == DAYS
