"""A table with a row a unit gives the same results as events do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from experiments.analysis.analyze import analyze
from experiments.analysis.columns import MetricColumn
from experiments.analysis.data import ExperimentData
from experiments.analysis.table import TableOptions, data_from_table
from experiments.errors import InvalidInput
from tests.analysis_factories import an_experiment_of, experiment_data, of_people, rate_cells
from tests.factories import a_metric, an_experiment, variant_document

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Row = dict[str, Any]


def read(rows: Any, *metrics: str, control: str = "a", options: TableOptions | None = None) -> ExperimentData:
    """The data of these rows, with the columns that all tests here use."""
    columns = [MetricColumn.parsed(metric) for metric in metrics or ("bought=conversion:bought",)]
    return data_from_table(
        rows, unit="user", variant="group", control=control, metrics=columns, as_of=NOW, options=options
    )


def row(user: str, group: str, **values: Any) -> Row:
    return {"user": user, "group": group, **values}


def cookie_cats() -> Iterator[Row]:
    """One row a player, made from the published counts."""
    for version, players, came_back in (("gate_30", 44700, 8502), ("gate_40", 45489, 8279)):
        for player in range(players):
            yield {
                "user": f"{version}-{player}",
                "group": version,
                "back": "1" if player < came_back else "0",
            }


def test_cookie_cats_from_a_table_equals_cookie_cats_from_events() -> None:
    table = analyze(read(cookie_cats(), "retained_d7=retention:back", control="gate_30"))
    definition = an_experiment(
        key="table",
        assignment="external",
        variants=[variant_document("gate_30", control=True), variant_document("gate_40")],
        plan={"primary": "retained_d7"},
    )
    metric = a_metric(key="retained_d7", kind="retention", event="session", from_day=7, to_day=8)
    cells = rate_cells("gate_30", 44700, 8502, metric="retained_d7")
    cells += rate_cells("gate_40", 45489, 8279, metric="retained_d7")
    events = analyze(experiment_data(cells, definition=definition, metrics=[metric], status="stopped"))
    assert table.metrics[0].to_date == events.metrics[0].to_date
    assert table.metrics[0].matured == events.metrics[0].matured
    assert table.variants == events.variants
    assert table.health.split == events.health.split
    assert table.health.doubly_exposed == events.health.doubly_exposed
    assert table.document().keys() == events.document().keys()
    absolute = table.document()["metrics"][0]["variants"][1]["absolute"]
    assert absolute["p_value"] == pytest.approx(0.00155, abs=5e-6)
    assert table.verdict.outcome == "control_wins"
    assert "no days" in table.verdict.gates[2].detail


def test_values_are_added_exactly() -> None:
    rows = [row(str(n), "ab"[n % 2], spent="0.1") for n in range(20)]
    tally = next(
        tally for cell, tally in read(rows, "spent=mean:spent").cells if cell[:3] == ("a", 1, "spent")
    )
    assert (tally.n, tally.total, tally.squares) == (10, 1_000_000, 10 * 100_000**2)


@pytest.mark.parametrize("written", ["1", "true", "TRUE", "1.0", True, 1])
def test_a_conversion_may_be_written_in_many_ways(written: object) -> None:
    rows = [row("x", "a", bought=written), row("y", "b", bought="0")]
    assert analyze(read(rows)).metric("bought").document()["variants"][0]["conversions"] == 1


def test_a_unit_in_two_variants_is_doubly_exposed_and_left_out() -> None:
    rows = [row(str(n), "ab"[n % 2], bought=n % 2) for n in range(400)]
    rows += [row("0", "b", bought=1), row("1", "a", bought=1), row("1", "b", bought=0)]
    with pytest.raises(InvalidInput, match="row 2 too"):
        read(rows)
    results = analyze(read(rows[:-1]))
    assert [variant.participants for variant in results.variants] == [199, 199]
    assert results.health.doubly_exposed.units == 2


def test_weights_are_equal_unless_given() -> None:
    rows = [row(str(n), "abb"[n % 3], bought=0) for n in range(300)]
    assert analyze(read(rows)).health.split.ok is False
    given = TableOptions(weights={"a": Fraction(1), "b": Fraction(2)})
    results = analyze(read(rows, options=given))
    assert results.health.split.ok
    assert [variant.weight for variant in results.variants] == pytest.approx([1 / 3, 2 / 3])


def test_the_control_comes_first_and_the_others_in_order() -> None:
    rows = [row(str(n), "cab"[n % 3], bought=0) for n in range(9)]
    assert [variant.key for variant in read(rows, control="b").definition.variants] == ["b", "a", "c"]


def test_a_time_is_never_the_primary_metric() -> None:
    rows = [row("x", "a", bought=1, wait=3), row("y", "b", bought=0, wait=0)]
    data = read(rows, "wait=time:wait,window_days=7", "bought=conversion:bought")
    assert data.definition.plan.primary == "bought"
    assert analyze(data).metric("wait").role == "secondary"


def people_and_rows() -> tuple[dict[str, Any], list[Row]]:
    """The same participants twice: as the fold counts them, and as rows of a table."""
    random = np.random.default_rng(4)
    people, rows = [], []
    for number in range(900):
        variant = "ab"[number % 2]
        spent = int(random.lognormal(3, 2) * 100) * 10_000 if random.random() < 0.6 else 0
        seconds = int(random.exponential(4 * 86_400)) if random.random() < 0.8 else None
        inside = seconds is not None and seconds < 7 * 86_400
        measured = {key: [spent, 0, 1] for key in ("capped", "middle", "paid")} if spent else {}
        people.append((variant, 0, measured | ({"wait": [seconds * 10**6, 0, 1]} if inside else {})))
        rows.append(row(str(number), variant, spent=spent / 10**6, wait="" if seconds is None else seconds))
    metrics = [
        a_metric(key="capped", kind="mean", event="capped", cap_quantile=0.98),
        a_metric(key="wait", kind="time", event="wait", window_days=7),
        a_metric(key="middle", kind="quantile", event="middle", quantile=0.75),
        a_metric(key="paid", kind="quantile", event="paid", among="converted"),
    ]
    return of_people(metrics, people), rows


def test_times_quantiles_and_caps_from_a_table_equal_those_from_events() -> None:
    fields, rows = people_and_rows()
    table = analyze(
        read(
            rows,
            "capped=mean:spent,cap_quantile=0.98",
            "wait=time:wait,window_days=7",
            "middle=quantile:spent,quantile=0.75",
            "paid=quantile:spent,among=converted",
        )
    )
    plan = {"primary": "capped", "secondary": ["wait", "middle", "paid"], "min_days": 1}
    definition = an_experiment(
        variants=[variant_document("a", control=True), variant_document("b")], plan=plan
    )
    events = analyze(experiment_data(definition=definition, **fields))
    for key in ("capped", "wait", "middle", "paid"):
        one, other = table.metric(key).document(), events.metric(key).document()
        assert one["variants"][1]["absolute"] is not None
        for variant, same in zip(one["variants"], other["variants"], strict=True):
            variant.pop("sequential", None), same.pop("sequential", None)  # planned by another number
        assert one["variants"] == other["variants"]
        assert one.get("times") == other.get("times")
        assert one.get("capped", {}).get("cap_value") == other.get("capped", {}).get("cap_value")


def test_a_unit_that_turns_up_twice_leaves_no_bins_behind() -> None:
    rows = [row("x", "a", spent=5), row("x", "b", spent=5), row("y", "a", spent=7), row("z", "b", spent=0)]
    data = read(rows, "middle=quantile:spent", "spent=mean:spent")
    crossed = {(cell.metric, cell.crossed): edge for cell, edge, _ in data.bins}
    assert crossed == {
        ("middle", True): 5 * 10**6,
        ("middle", False): 7 * 10**6,
        ("spent", True): 5 * 10**6,
        ("spent", False): 7 * 10**6,
    }


@pytest.mark.parametrize(
    ("specification", "said"),
    [
        ("wait=time:wait", "needs window_days"),
        ("wait=time:wait,window_days=0", "window_days"),
        ("wait=time:wait,window_days=week", "window_days"),
        ("m=quantile:wait,quantile=1.5", "quantile"),
        ("m=quantile:wait,among=nobody", "among"),
        ("m=mean:wait,quantile=0.5", "a mean has no quantile"),
        ("m=mean:wait,cap_value=1,cap_quantile=0.9", "one cap"),
        ("m=mean:wait,cap=1", "must be"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(specification: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read([row("x", "a", wait=1), row("y", "b", wait=2)], specification, "c=conversion:wait")


@pytest.mark.parametrize("wrong", ["-1", "soon", "nan", "inf"])
def test_a_time_that_is_none_names_row_and_column(wrong: str) -> None:
    rows = [row("x", "a", wait=wrong, bought=1), row("y", "b", wait="", bought=0)]
    with pytest.raises(InvalidInput) as refused:
        read(rows, "wait=time:wait,window_days=7", "bought=conversion:bought")
    assert refused.value.faults[0].pointer == "/1/wait"


def test_a_cap_by_value_is_that_of_a_definition() -> None:
    rows = [row("x", "a", spent=50), row("y", "b", spent=5), row("z", "a", spent=0), row("u", "b", spent=7)]
    metric = analyze(read(rows, "spent=mean:spent,cap_value=10,direction=decrease")).metric("spent")
    assert metric.matured.variant("a").mean == 5
    assert metric.direction == "decrease"


def test_a_ratio_is_read_from_two_columns_and_may_be_primary() -> None:
    rows = [row(str(n), "ab"[n % 2], spent=n % 5, visits=1 + n % 3) for n in range(300)]
    results = analyze(read(rows, "per_visit=ratio:spent,denominator=visits"))
    control = results.metrics[0].document()["variants"][0]
    spent, visits = (sum(one[name] for one in rows if one["group"] == "a") for name in ("spent", "visits"))
    assert (control["numerator"], control["denominator"]) == (spent, visits)
    assert control["mean"] == pytest.approx(spent / visits)
    assert results.verdict.inputs["primary"] == "per_visit"


def test_a_covariate_adjusts_the_lift_and_leaves_the_rest_as_it_is() -> None:
    rows = [row(str(n), "ab"[n % 2], spent=n % 7 + n % 2, before=n % 7 + n % 3) for n in range(600)]
    plain = analyze(read(rows, "spent=mean:spent")).document()["metrics"][0]["variants"][1]
    both = analyze(read(rows, "spent=mean:spent,covariate=before")).document()["metrics"][0]["variants"][1]
    adjusted = both.pop("adjusted")
    assert both == plain
    assert adjusted["variance_saved"] == pytest.approx(_correlation(rows) ** 2, abs=0.02)
    assert adjusted["helps"] is True


def _correlation(rows: list[Row]) -> float:
    """Within the variants, of what was spent with what was spent before."""
    centred = []
    for group in "ab":
        values = np.array([(one["spent"], one["before"]) for one in rows if one["group"] == group])
        centred.append(values - values.mean(axis=0))
    return float(np.corrcoef(np.concatenate(centred).T)[0, 1])


@pytest.mark.parametrize("written", ["true", "1", "yes", "1.0", True])
def test_a_covariate_of_a_rate_may_be_yes_or_no(written: object) -> None:
    rows = [row(str(n), "ab"[n % 2], bought=n % 3 == 0, before=written if n % 5 else "no") for n in range(90)]
    tallies = [tally for cell, tally in read(rows, "bought=conversion:bought,covariate=before").cells]
    assert sum(tally.covariate for tally in tallies) == 72 * 1_000_000


@pytest.mark.parametrize(
    ("rows", "metric", "fault"),
    [
        ([row("x", "a", bought="maybe")], "bought=conversion:bought", "Row 1: column 'bought' holds 'maybe'"),
        ([row("x", "a", bought=2)], "bought=conversion:bought", "must be 1 or 0"),
        ([row("x", "a", bought="")], "bought=conversion:bought", "Row 1: column 'bought' is empty"),
        (
            [row("x", "a", bought=1), row("", "a", bought=1)],
            "bought=conversion:bought",
            "Row 2: column 'user' is empty",
        ),
        ([row("x", "a")], "bought=conversion:bought", "there is no column 'bought'; found 'user', 'group'"),
        ([row("x", "a", spent="nan")], "spent=mean:spent", "must be a number up to 1e12"),
        ([row("x", "a", spent="inf")], "spent=mean:spent", "must be a number up to 1e12"),
        ([row("x", "a", spent="1e13")], "spent=mean:spent", "must be a number up to 1e12"),
        ([row("x", "a", spent="12,5")], "spent=mean:spent", "must be a number up to 1e12"),
        ([row("x", "a", spent="1" * 100)], "spent=mean:spent", "must be a number up to 1e12"),
        (
            [row("x", "a", bought=1), row("x", "a", bought=1)],
            "bought=conversion:bought",
            "Row 2: unit 'x' is in row 1 too",
        ),
        (
            [row(str(n), str(n), bought=1) for n in range(30)],
            "bought=conversion:bought",
            "has over 20 values",
        ),
        (
            [row("x", "a", spent=1, visits="")],
            "per_visit=ratio:spent,denominator=visits",
            "Row 1: column 'visits' is empty",
        ),
        (
            [row("x", "a", spent=1, before="some")],
            "spent=mean:spent,covariate=before",
            "Row 1: column 'before' holds 'some', must be a number",
        ),
        ([row("x", "b", bought=1)], "bought=conversion:bought", "No row has the control 'a'"),
        ([row("x", "a", bought=1)], "bought=conversion:bought", "nothing to compare"),
        ([], "bought=conversion:bought", "no rows at all"),
    ],
)
def test_a_fault_names_its_row_and_column(rows: list[Row], metric: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault.replace("(", r"\(")):
        read(rows, metric)


def test_rows_are_read_once_and_not_kept() -> None:
    rows = iter([row("x", "a", bought=1), row("y", "b", bought=0)])
    assert len(read(rows).cells) == 4
    assert next(rows, None) is None


def test_a_table_and_an_experiment_of_the_same_counts_have_the_same_chances() -> None:
    counts = {"control": 30, "b": 45}
    rows = [row(f"{key}{n}", key, bought=int(n < counts[key])) for key in counts for n in range(300)]
    table = analyze(read(rows, control="control"))
    cells = rate_cells("control", 300, 30, metric="bought") + rate_cells("b", 300, 45, metric="bought")
    definition = an_experiment_of("b", plan={"primary": "bought"}, assignment="external")
    events = experiment_data(cells, definition=definition, metrics=[a_metric(key="bought")], status="stopped")
    assert table.metrics[0].to_date == analyze(events).metrics[0].to_date
