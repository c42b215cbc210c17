"""Two public experiments with published results: from their counts always, from their rows where they are.

The rows may not be shipped. Where a copy lies beside the repository (`../shared/data`), they are read too.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from experiments.analysis.analyze import analyze
from experiments.stats import bayes, noninferiority, proportion, sequential, srm
from experiments.stats.estimate import Counts
from tests.analysis_factories import an_experiment_of, experiment_data, rate_cells, spread
from tests.service.cli.conftest import Keepgoing

DATA = Path(__file__).parents[4] / "shared" / "data"
UDACITY, COOKIE_CATS = DATA / "udacity_ab_data.csv.gz", DATA / "cookie_cats.csv.gz"
OLD_PAGE, NEW_PAGE = Counts(145_274, 17_489), Counts(145_310, 17_264)
"""Udacity's landing page after the published cleaning: 290,584 users."""
CLEANED = ("--unit", "user_id", "--variant", "group", "--control", "control", "--as-of", "2017-01-24")
CONVERTED = ("--metric", "converted=conversion:converted", "--json")
Row = dict[str, Any]
Seen = dict[str, tuple[set[str], int]]
"""Of each user the pages, and whether it converted."""


def needs(file: Path) -> pytest.MarkDecorator:
    reason = f"{file.name} may not be shipped; lay it into ../shared/data beside the repository"
    return pytest.mark.skipif(not file.exists(), reason=reason)


def read(file: Path) -> list[Row]:
    with gzip.open(file, "rt", newline="") as text:
        return list(csv.DictReader(text))


def write(file: Path, rows: Iterable[Row]) -> Path:
    rows = list(rows)
    with file.open("w", newline="") as text:
        table = csv.DictWriter(text, rows[0])
        table.writeheader()
        table.writerows(rows)
    return file


def agrees(row: Row) -> bool:
    """Whether the user of a row saw the page of its group."""
    return (row["group"] == "control") == (row["landing_page"] == "old_page")


def as_published(rows: list[Row]) -> list[Row]:
    """Rows whose page is not that of their group dropped, and the later row of the user who is left twice."""
    kept: dict[str, Row] = {}
    for row in rows:
        if agrees(row):
            kept.setdefault(row["user_id"], row)
    return list(kept.values())


def test_udacitys_page_test_has_its_published_figures() -> None:
    assert (OLD_PAGE.rate, NEW_PAGE.rate) == (
        pytest.approx(0.120386, abs=5e-7),
        pytest.approx(0.118808, abs=5e-7),
    )
    test = proportion.difference_test(OLD_PAGE, NEW_PAGE)
    assert test.statistic == pytest.approx(-1.31, abs=5e-3)
    assert test.p_value == pytest.approx(0.19, abs=5e-3)


def test_udacitys_one_sided_p_value_is_the_published_one() -> None:
    """0.905 for "the new page is better", which is the score test of a margin of 0."""
    found = noninferiority.noninferior_rates(OLD_PAGE, NEW_PAGE, 0.0)
    assert found.p_value == pytest.approx(0.905, abs=5e-4)
    assert stats.norm.sf(proportion.difference_test(OLD_PAGE, NEW_PAGE).statistic or 0) == pytest.approx(
        found.p_value, rel=1e-5
    )


def test_udacitys_new_page_is_not_shipped_by_any_of_our_answers() -> None:
    cells = [*spread("control", 145_274, 17_489, days=22), *spread("new-page", 145_310, 17_264, days=22)]
    found = analyze(experiment_data(cells, definition=an_experiment_of("new-page"), status="stopped"))
    assert found.verdict.outcome in {"inconclusive", "no_difference", "control_wins"}
    assert found.verdict.winner is None
    assert sequential.confidence_sequence(OLD_PAGE, NEW_PAGE, 0.95, 290_584).interval.contains(0.0)
    assert bayes.rates(OLD_PAGE, NEW_PAGE).chance_to_beat_control == pytest.approx(0.095, abs=1e-3)
    assert srm.chi_square((145_274, 145_310), (1, 1)).p_value > 0.5


@needs(UDACITY)
def test_a_table_in_which_a_user_stands_twice_is_refused(keepgoing: Keepgoing) -> None:
    """3,894 users stand in the raw table twice, half of them in both groups: which row counts?"""
    answer = keepgoing("analyze", str(UDACITY), *CLEANED, *CONVERTED)
    assert answer.exit_code != 0
    assert "unit '698120' is in row 989 too; a table has one row a unit" in answer.err


@needs(UDACITY)
def test_udacitys_rows_cleaned_as_published_have_the_published_result(
    keepgoing: Keepgoing, tmp_path: Path
) -> None:
    rows = read(UDACITY)
    assert len(rows) == 294_478
    assert sum(not agrees(row) for row in rows) == 3_893
    cleaned = as_published(rows)
    assert len(cleaned) == 290_584
    answer = keepgoing("analyze", str(write(tmp_path / "udacity.csv", cleaned)), *CLEANED, *CONVERTED)
    old, new = answer.json["metrics"][0]["variants"]
    assert [(one["conversions"], one["participants"]) for one in (old, new)] == [
        (17_489, 145_274),
        (17_264, 145_310),
    ]
    assert new["absolute"]["p_value"] == pytest.approx(0.19, abs=5e-3)
    assert answer.json["verdict"]["winner"] is None
    assert answer.json["health"]["srm"]["ok"] is True


@needs(UDACITY)
def test_udacitys_exposures_would_leave_out_who_saw_both_pages() -> None:
    """Told of each page as it was shown, we go by what was seen and leave out the 1,998 users who saw both.

    The published cleaning goes by the group instead and keeps one row of each: 1,895 users more. The answer
    is the same.
    """
    seen: Seen = {}
    for row in read(UDACITY):
        pages, converted = seen.get(row["user_id"], (set(), 0))
        seen[row["user_id"]] = (pages | {row["landing_page"]}, max(converted, int(row["converted"])))
    cells = [cell for crossed in (False, True) for cell in _cells(seen, crossed)]
    found = analyze(experiment_data(cells, definition=an_experiment_of("new-page"), status="stopped"))
    checks = {check["name"]: check for check in found.health.document()["checks"]}
    assert checks["doubly_exposed"]["state"] == "ok"
    assert checks["doubly_exposed"]["details"]["units"] == 1_998
    control, new = found.document()["metrics"][0]["variants"]
    assert (control["conversions"], control["participants"]) == (17_454, 144_267)
    assert (new["conversions"], new["participants"]) == (17_228, 144_319)
    assert new["absolute"]["p_value"] == pytest.approx(0.19, abs=0.05)
    assert found.verdict.winner is None


def _cells(seen: Seen, crossed: bool) -> list[Any]:
    """The cells of the users who saw one page, or both; of both, the old one counts as the first."""
    cells: list[Any] = []
    for variant, page in (("control", "old_page"), ("new-page", "new_page")):
        ours = [
            converted
            for pages, converted in seen.values()
            if max(pages) == page and (len(pages) > 1) == crossed
        ]
        cells += rate_cells(variant, len(ours), sum(ours), crossed=crossed)
    return cells


@needs(COOKIE_CATS)
def test_cookie_cats_rows_have_the_published_result(keepgoing: Keepgoing) -> None:
    answer = keepgoing(
        "analyze", str(COOKIE_CATS), "--unit", "userid", "--variant", "version", "--control", "gate_30",
        "--metric", "retained_d7=retention:retention_7", "--metric", "retained_d1=retention:retention_1",
        "--json",
    )  # fmt: skip
    seven, one = answer.json["metrics"]
    assert [round(variant["mean"], 3) for variant in seven["variants"]] == [0.190, 0.182]
    assert [round(variant["mean"], 3) for variant in one["variants"]] == [0.448, 0.442]
    assert seven["variants"][1]["absolute"]["p_value"] == pytest.approx(0.00155, abs=5e-6)
    assert one["variants"][1]["absolute"]["p_value"] == pytest.approx(0.0744, abs=5e-5)
    worse = 1 - seven["variants"][1]["bayesian"]["chance_to_beat_control"]
    assert worse == pytest.approx(0.999, abs=5e-4)
    assert answer.json["verdict"]["outcome"] == "control_wins"


@needs(COOKIE_CATS)
def test_cookie_cats_one_player_of_49_854_rounds_carries_most_of_the_difference(keepgoing: Keepgoing) -> None:
    def rounds(setting: str) -> Row:
        metric = f"rounds=mean:sum_gamerounds{setting}"
        table = ("--unit", "userid", "--variant", "version", "--control", "gate_30", "--metric", metric)
        found: Row = keepgoing("analyze", str(COOKIE_CATS), *table, "--json").json["metrics"][0]["variants"][
            1
        ]
        return found

    values: dict[str, list[float]] = {"gate_30": [], "gate_40": []}
    for row in read(COOKIE_CATS):
        values[row["version"]].append(float(row["sum_gamerounds"]))
    plain, capped = rounds("")["absolute"], rounds(",cap_value=3000")["absolute"]
    scipys = stats.ttest_ind(values["gate_40"], values["gate_30"], equal_var=False)
    assert max(values["gate_30"]) == 49_854
    assert (plain["p_value"], plain["estimate"]) == (
        pytest.approx(scipys.pvalue, rel=1e-9),
        pytest.approx(sum(values["gate_40"]) / 45_489 - sum(values["gate_30"]) / 44_700, rel=1e-9),
    )
    assert abs(capped["estimate"]) < 0.2 * abs(plain["estimate"])
