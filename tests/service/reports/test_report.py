"""The report's parts: their order, what stands beside numbers, and what is said where a number is missing."""

from __future__ import annotations

import pytest

from experiments.analysis.analyze import analyze
from experiments.analysis.document import Results
from experiments.analysis.results import Segments
from service.reports.blocks import Forest, Paragraph, Report, Table, Wordings
from service.reports.report import report_of
from tests.analyses import results_of, with_every_role
from tests.analysis_factories import a_phase, experiment_data, pair_cells, rate_cells
from tests.factories import a_metric, an_experiment

SIMULATED = "Simulated units: no real person is behind these numbers."
SOURCE = "Source: The archive."


def minus(text: str) -> str:
    """The text with true minus signs, as reports write them."""
    return text.replace("-", "\N{MINUS SIGN}")


def section_names(report: Report) -> list[str]:
    return [section.name for section in report.sections]


def tables(report: Report) -> list[Table]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, Table)]


def table(report: Report, caption: str) -> Table:
    return next(one for one in tables(report) if one.caption.startswith(caption))


def row(found: Table, name: str) -> dict[str, str]:
    headings = [column.heading for column in found.columns]
    return next(dict(zip(headings, cells, strict=True)) for cells in found.rows if cells[0] == name)


def test_the_parts_stand_in_their_order() -> None:
    found = with_every_role()
    assert section_names(report_of(found, definition=an_experiment())) == [
        "verdict", "provenance", "checks", "variants", "primary", "gates", "secondary", "guardrails",
        "method",
    ]  # fmt: skip


def test_a_ratio_shows_both_sides_and_the_ratio() -> None:
    sides = {"numerator": {"event": "refund"}, "denominator": {"event": "recharge"}}
    pairs = [(place % 3, 2 + place % 4) for place in range(600)]
    cells = pair_cells("control", pairs, metric="share") + pair_cells("progress", pairs[:480], metric="share")
    data = experiment_data(
        cells,
        definition=an_experiment(plan={"primary": "share"}),
        metrics=[a_metric(key="share", kind="ratio", **sides)],
    )
    report = report_of(analyze(data))
    found = row(table(report, "share: each variant"), "control")
    assert (found["Numerator"], found["Denominator"], found["Ratio"]) == ("600", "2,100", "0.29")
    assert "percentage points" not in str(table(report, "share: against control"))
    about = next(section for section in report.sections if section.name == "primary").blocks[0]
    assert isinstance(about, Paragraph)
    assert about.text.startswith("Ratio. Numerators of all participants over their denominators")


def test_an_adjusted_lift_has_its_own_table_and_says_what_it_saved() -> None:
    pairs = [(place % 7 + place % 3, place % 7) for place in range(600)]
    luck = [(place % 7, (place * place) % 11) for place in range(601)]

    def adjusted(pairs: list[tuple[int, int]]) -> dict[str, str]:
        cells = pair_cells("control", pairs) + pair_cells("progress", pairs)
        metric = a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=7)
        definition = an_experiment(plan={"primary": "value"})
        report = report_of(analyze(experiment_data(cells, definition=definition, metrics=[metric])))
        assert "Adjusted lift: CUPED (Deng et al. 2013), then Welch's t." in str(report.sections[-1])
        return row(table(report, "value: adjusted by what was measured before"), "progress")

    found = adjusted(pairs)
    assert found["Variance saved"].startswith("8")
    assert found["What it is worth"] == "a narrower interval"
    assert adjusted(luck)["What it is worth"] == "nothing: the plain lift is as good"


def test_an_adjustment_that_cannot_be_made_has_its_reason_below_the_table() -> None:
    few = [(1, 1)] * 5 + [(0, 1)] * 100 + [(0, 0)] * 400
    cells = pair_cells("control", few, metric="recharge", is_rate=True)
    cells += pair_cells("progress", few, metric="recharge", is_rate=True)
    found = table(report_of(analyze(experiment_data(cells))), "recharge: adjusted by")
    assert row(found, "progress")["Variance saved"] == "not shown [1]"
    assert "takes at least 10 conversions" in found.notes[0]


def test_without_anything_measured_before_there_is_no_table_of_it() -> None:
    assert not [one for one in tables(report_of(results_of())) if "adjusted by" in one.caption]


def test_the_headline_is_the_outcome_with_the_effect_that_it_was_made_on() -> None:
    found = results_of()
    lift = found.verdict.inputs["compared"][0]["lift"]
    assert round(lift["estimate"] * 100, 2) == -0.82
    assert report_of(found).headline.startswith(
        minus("The control wins. progress against control on recharge: -0.82 (")
    )


@pytest.mark.parametrize(
    ("control", "progress"), [((20, 2), (21, 3)), ((20_000, 100), (40, 2))], ids=["collecting", "invalid"]
)
def test_no_effect_stands_in_the_headline_of_data_that_carry_none(
    control: tuple[int, int], progress: tuple[int, int]
) -> None:
    headline = report_of(results_of(control=control, progress=progress, run=1)).headline
    assert headline in {"Still collecting.", "Not valid."}


def test_the_primary_metric_shows_numerator_denominator_rate_and_every_comparison() -> None:
    report = report_of(results_of())
    own = row(table(report, "recharge: each variant"), "progress")
    assert (own["Conversions"], own["Participants (account)"], own["Rate"]) == ("8,279", "45,489", "18.2%")
    against = row(table(report, "recharge: against control"), "progress")
    assert against == {
        "Variant": "progress",
        "Absolute lift, percentage points (95% interval)": minus("-0.82 (-1.33 to -0.31)"),
        "p": "0.0016",
        "p, adjusted": "0.0016",
        "Relative lift (interval)": minus("-4.31% (-6.89% to -1.66%)"),
        "Always-valid interval, percentage points": minus("-1.61 to -0.030"),
        "Chance to beat control": "below 0.1%",
        "Chance to be best": "below 0.1%",
        "Expected loss, percentage points": "0.82",
    }


def test_a_number_that_is_missing_says_why_in_place_of_a_blank() -> None:
    report = report_of(results_of(control=(20, 0), progress=(0, 0), run=1))
    found = table(report, "recharge: against control")
    assert row(found, "progress")["p"].startswith("not shown [")
    assert found.notes
    assert all("Not shown because: " in note for note in found.notes)
    assert not any(cell == "" for one in tables(report) for cells in one.rows for cell in cells)


def test_every_gate_is_there_with_its_state_also_those_that_were_not_looked_at() -> None:
    gates = table(report_of(results_of()), "The first gate that applies")
    assert [cells[0] for cells in gates.rows] == [str(number) for number in range(1, 10)]
    assert row(gates, "8")["State"] == "decides"
    assert row(gates, "9")["State"] == "not reached"
    assert all(cells[3] for cells in gates.rows)


def test_a_time_says_how_those_without_an_event_count() -> None:
    report = report_of(with_every_role())
    secondary = next(section for section in report.sections if section.name == "secondary")
    said = [block.text for block in secondary.blocks if isinstance(block, Paragraph)]
    assert any("Who had no event in the window counts with the whole window" in text for text in said)


def test_a_guardrail_names_its_margin() -> None:
    plan = {"primary": "recharge", "guardrails": [{"metric": "support_contact", "margin": 0.01}]}
    report = report_of(with_every_role(), definition=an_experiment(plan=plan))
    guardrails = next(section for section in report.sections if section.name == "guardrails")
    assert guardrails.blocks[0] == Paragraph(
        "support_contact may get worse by 1.00 percentage points at most."
    )


def test_the_checks_name_the_split_and_its_warning() -> None:
    checks = table(report_of(results_of()), "Checks")
    assert row(checks, "Sample ratio, chi-square") == {
        "Check": "Sample ratio, chi-square",
        "State": "warning",
        "Found": "The chi-square test of the split has p = 0.0086: unusual, but no proof of a fault. "
        "Look whether something drops units of one variant.",
    }
    assert row(checks, "Sample ratio, may be looked at any time")["State"] == "ok"


def test_a_broken_split_fails_and_is_no_mere_warning() -> None:
    checks = table(report_of(results_of(control=(10_000, 1000), progress=(9_000, 900))), "Checks")
    assert row(checks, "Sample ratio, chi-square")["State"] == "fails"
    assert row(checks, "Sample ratio, may be looked at any time")["State"] == "fails"


def test_doubly_exposed_units_are_counted_and_said_to_be_left_out() -> None:
    more = rate_cells("control", 300, 30, crossed=True)
    found = results_of(control=(10_000, 1000), progress=(10_000, 1000), more=more)
    crossed = row(table(report_of(found), "Checks"), "Doubly exposed units")
    assert crossed["State"] == "fails"
    assert crossed["Found"] == (
        "300 units (1.48%, more than 1.00%) saw two variants; left out of every other number."
    )


def test_provisional_numbers_stand_beside_those_whose_windows_have_ended() -> None:
    report = report_of(results_of(run=14, days=15))
    captions = [one.caption for one in tables(report)]
    assert "recharge, windows that have ended: each variant" in captions
    assert "recharge, everybody to date (provisional): each variant" in captions


@pytest.fixture
def labelled() -> Results:
    definition = an_experiment(simulated=True, source={"label": "The archive"}, plan={"primary": "recharge"})
    return results_of(definition)


def test_simulated_units_and_the_source_stand_at_the_top_and_beside_every_number(labelled: Results) -> None:
    report = report_of(labelled, definition=an_experiment(simulated=True))
    assert report.labels == (SIMULATED, SOURCE)
    numbers = [
        block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Table | Wordings | Forest)
    ]
    assert len(numbers) >= 6
    assert {block.labels for block in numbers} == {(SIMULATED, SOURCE)}


def test_a_segment_comes_with_its_values_and_its_warning() -> None:
    definition = an_experiment(plan={"primary": "recharge", "segments": ["plan"]})
    more = [
        cell
        for value in ("free", "pro")
        for variant in ("control", "progress")
        for cell in rate_cells(variant, 500, 50, segment=("plan", value))
    ]
    found = results_of(definition, control=(1000, 100), progress=(1000, 100), more=more, segment="plan")
    assert isinstance(found.segments, Segments)
    report = report_of(found)
    captions = [one.caption for one in tables(report)]
    assert "plan = free, recharge: each variant" in captions
    assert "plan = pro, recharge: each variant" in captions
    assert section_names(report).index("segments") < section_names(report).index("method")


def test_phases_are_shown_each_by_itself() -> None:
    phases = (a_phase(1), a_phase(2, day=7))
    cells = [
        cell
        for phase, day in ((1, 0), (2, 7))
        for variant, conversions in (("control", 100), ("progress", 120))
        for cell in rate_cells(variant, 1000, conversions, phase=phase, day=day)
    ]
    report = report_of(analyze(experiment_data(cells, phases=phases)))
    found = table(report, "recharge: phase by phase")
    assert [cells[0] for cells in found.rows] == [
        "phase 1, control", "phase 1, progress", "phase 2, control", "phase 2, progress",
    ]  # fmt: skip


def test_the_forest_has_a_bar_for_each_treatment_with_both_intervals() -> None:
    report = report_of(results_of())
    charts = [block for section in report.sections for block in section.blocks if isinstance(block, Forest)]
    assert [[bar.name for bar in chart.bars] for chart in charts] == [["progress"]]
    bar = charts[0].bars[0]
    assert bar.sequential is not None
    assert bar.sequential[0] < bar.interval[0] < bar.estimate < bar.interval[1] < bar.sequential[1]


def test_nothing_at_all_is_a_report_too() -> None:
    report = report_of(results_of(control=(0, 0), progress=(0, 0), run=1, status="draft"))
    assert report.headline == "Still collecting."
    assert "0 participants" in report.facts


def test_what_to_expect_after_shipping_stands_with_the_source_of_the_belief() -> None:
    report = report_of(with_every_role(), definition=an_experiment())
    primary = next(section for section in report.sections if section.name == "primary")
    said = " ".join(block.text for block in primary.blocks if isinstance(block, Paragraph))
    assert "of the control from progress after shipping" in said
    assert "Browne and Swarbrick Jones 2017" in said
