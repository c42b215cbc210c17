"""`keepgoing analyze` of tables that break formulas: a sound document, or a fault with its place."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.service.cli.conftest import Keepgoing
from tests.soundness import contradictions, faults

METRICS = (
    "bought=conversion:bought",
    "spent=mean:spent,covariate=before",
    "capped=mean:spent,cap_quantile=0.9",
    "each=ratio:spent,denominator=before",
    "middle=quantile:spent",
    "wait=time:wait,window_days=7",
)
Row = tuple[str, str, str, str, str]

values = st.sampled_from(
    ["0", "0", "1", "5", "-3", "0.000001", "999999999999", "-999999999999", "1000000000000"]
)
times = st.sampled_from(["", "0", "1", "3600", "604799"])
variants = st.sampled_from(["control", "control", "progress", "progress", "loss"])
rows = st.tuples(variants, st.sampled_from(["0", "1"]), values, values, times)
tables = st.lists(st.tuples(rows, st.sampled_from([1, 1, 2, 40, 150])), min_size=1, max_size=8)
ONE_OUTLIER: list[tuple[Row, int]] = [
    (("control", "1", "5", "1", "60"), 150),
    (("progress", "0", "5", "1", ""), 150),
    (("progress", "1", "999999999999", "1", "60"), 1),
]
ONLY_A_CONTROL: list[tuple[Row, int]] = [(("control", "1", "5", "1", "60"), 150)]
ALL_ALIKE: list[tuple[Row, int]] = [
    ((variant, "1", "5", "5", "60"), 150) for variant in ("control", "progress")
]


def table(crowds: list[tuple[Row, int]]) -> str:
    """A row for each unit of these crowds."""
    lines = ["unit,variant,bought,spent,before,wait"]
    for row, count in crowds:
        lines += [f"{len(lines) + place},{','.join(row)}" for place in range(count)]
    return "\n".join(lines) + "\n"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crowds=tables, first=st.sampled_from([0, 1, 3]))
@example(crowds=ONE_OUTLIER, first=1)
@example(crowds=ONLY_A_CONTROL, first=0)
@example(crowds=ALL_ALIKE, first=1)
def test_any_table_has_a_sound_document_or_a_fault(
    keepgoing: Keepgoing, tmp_path: Path, crowds: list[tuple[Row, int]], first: int
) -> None:
    file = tmp_path / "table.csv"
    file.write_text(table(crowds))
    asked = [METRICS[first], *(metric for metric in METRICS if metric != METRICS[first])]
    metrics = [word for metric in asked for word in ("--metric", metric)]
    columns = ("--unit", "unit", "--variant", "variant", "--control", "control")
    answer = keepgoing("analyze", str(file), *columns, *metrics, "--json")
    if answer.exit_code:
        assert "Error: " in answer.err
        assert "Traceback" not in answer.err
        return
    document = json.loads(answer.out)
    assert faults(document) == []
    assert contradictions(document) == []


def test_one_outlier_of_a_million_million_is_analysed(keepgoing: Keepgoing, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(table(ONE_OUTLIER))
    columns = ("--unit", "unit", "--variant", "variant", "--control", "control", "--metric", METRICS[1])
    answer = keepgoing("analyze", str(file), *columns, "--json")
    progress = answer.json["metrics"][0]["variants"][1]
    assert progress["mean"] > 10**9
    assert 0 < progress["absolute"]["p_value"] < 1
    assert progress["absolute"]["interval"][0] < 0 < progress["absolute"]["interval"][1]
