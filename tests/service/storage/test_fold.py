"""Tests of the fold: what is derived depends on which events there are, not on how they arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.model.events import EventRecord
from experiments.model.tally import Cell, Tally
from service.storage import tallies
from service.storage.database import Database
from service.storage.rebuild import rebuild
from tests.events import (
    A_DAY,
    HOUR,
    START,
    a_conversion,
    a_measured_state,
    add_project,
    an_exposure,
    append,
    derived,
    forget_derived,
)

TODAY = START // A_DAY


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def cells_of(database: Database, experiment_id: int = 1, segment: str = "") -> dict[Cell, Tally]:
    with database.reading() as connection:
        return dict(tallies.cells(connection, experiment_id, segment=segment))


def bins_of(database: Database, experiment_id: int = 1, segment: str = "") -> dict[Cell, dict[int, Tally]]:
    found: dict[Cell, dict[int, Tally]] = {}
    with database.reading() as connection:
        for cell, edge, tally in tallies.bins(connection, experiment_id, segment=segment):
            found.setdefault(cell, {})[edge] = tally
    return found


def tally_of(database: Database, metric: str, **where: Any) -> Tally:
    """The sum over all cells of a metric that agree with `where`."""
    found = Tally()
    for cell, tally in cells_of(database).items():
        if cell.metric == metric and all(getattr(cell, name) == value for name, value in where.items()):
            found += tally
    return found


def health_of(database: Database, project_id: int, experiment_id: int = 1) -> tallies.ExposureCounts:
    with database.reading() as connection:
        return tallies.exposure_health(connection, project_id, experiment_id)


def test_an_exposure_makes_a_participant_in_the_cell_of_each_metric(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1")])
    cells = cells_of(database)
    assert {cell.metric for cell in cells} == {
        *("", "recharge", "recharge_value", "recharge_count", "refund_share", "retained", "time_to_recharge"),
        *("median_recharge", "capped"),
    }
    assert {(cell.variant, cell.phase, cell.day, cell.crossed) for cell in cells} == {
        ("control", 1, TODAY, False)
    }
    assert set(cells.values()) == {Tally(n=1)}


def test_a_conversion_in_the_window_is_counted_by_each_metric(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1"), a_conversion("c1", at=HOUR, value="20.10")])
    value, hour = 20_100_000, HOUR
    assert tally_of(database, "recharge") == Tally(1, 1, 1, conversions=1)
    assert tally_of(database, "recharge_value") == Tally(1, value, value**2, conversions=1)
    assert tally_of(database, "recharge_count") == Tally(1, 10**6, 10**12, conversions=1)
    assert tally_of(database, "time_to_recharge") == Tally(1, hour, hour**2, conversions=1)
    assert tally_of(database, "refund_share") == Tally(1, covariate=value, covariate_squares=value**2)
    assert tally_of(database, "retained") == Tally(1)


@pytest.mark.parametrize(
    ("at", "counts"), [(-1, False), (0, True), (7 * A_DAY - 1, True), (7 * A_DAY, False)]
)
def test_a_window_includes_its_start_and_excludes_its_end(database: Database, at: int, counts: bool) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1"), a_conversion("c1", at=at)])
    assert tally_of(database, "recharge").conversions == counts
    assert health_of(database, project).unmatched_conversions == (not counts)


def test_a_conversion_before_its_exposure_is_found_when_the_exposure_arrives(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [a_conversion("c1", at=HOUR)])
    assert health_of(database, project).unmatched_conversions == 1
    append(database, project, [an_exposure("e1")])
    assert tally_of(database, "recharge").conversions == 1
    assert health_of(database, project).unmatched_conversions == 0


def test_an_earlier_exposure_that_arrives_late_moves_the_participant(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("late", at=8 * A_DAY, variant="progress", phase=2)])
    append(database, project, [a_conversion("c1", at=8 * A_DAY + HOUR)])
    assert tally_of(database, "recharge", variant="progress").conversions == 1
    append(database, project, [an_exposure("early", at=0)])
    assert {cell.variant for cell in cells_of(database)} == {"control"}
    assert tally_of(database, "recharge") == Tally(1)
    assert health_of(database, project).unmatched_conversions == 1
    assert health_of(database, project).moved_by_phase == 1


def test_two_variants_in_one_phase_mark_the_unit_as_crossed(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(
        database,
        project,
        [an_exposure("e1"), an_exposure("e2", at=HOUR, variant="progress"), a_conversion("c1")],
    )
    assert tally_of(database, "recharge", crossed=True, variant="control").conversions == 1
    assert tally_of(database, "", crossed=False) == Tally()
    assert health_of(database, project).moved_by_phase == 0


def test_a_second_variant_that_arrives_later_moves_the_unit_to_the_crossed_cells(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(
        database, project, [an_exposure("e1"), a_conversion("c1")], [an_exposure("e2", variant="progress")]
    )
    assert tally_of(database, "recharge", crossed=True) == Tally(1, 1, 1, conversions=1)
    assert tally_of(database, "", crossed=False) == Tally()


def test_a_unit_can_cross_in_a_later_phase_that_it_began_with_its_first_variant(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1")], [an_exposure("e2", at=A_DAY, phase=2)])
    append(database, project, [an_exposure("e3", at=A_DAY, phase=2, variant="progress")])
    assert tally_of(database, "", crossed=True) == Tally(n=1)


def test_a_conversion_that_comes_with_an_earlier_exposure_is_matched_once(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e2", at=HOUR), a_conversion("c1", at=2 * HOUR)])
    append(database, project, [an_exposure("e1"), a_conversion("c2", at=3 * HOUR)])
    assert health_of(database, project).conversions == 2
    assert health_of(database, project).unmatched_conversions == 0


def test_another_variant_after_a_phase_change_keeps_the_first_and_is_counted(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1"), an_exposure("e2", at=A_DAY, variant="progress", phase=2)])
    assert tally_of(database, "", variant="control", phase=1, crossed=False) == Tally(n=1)
    assert tally_of(database, "") == Tally(n=1)
    assert health_of(database, project).moved_by_phase == 1


def test_exposures_of_one_instant_are_ordered_by_id(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("b", variant="progress", phase=2)], [an_exposure("a")])
    assert tally_of(database, "", variant="control") == Tally(n=1)


def test_a_refund_lowers_the_sum_and_is_no_conversion(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    events = [an_exposure("e1"), a_conversion("c1", value="20"), a_conversion("c2", at=2 * HOUR, value="-5")]
    append(
        database, project, [*events, a_conversion("c3", "acct_2", value="-3"), an_exposure("e2", "acct_2")]
    )
    assert tally_of(database, "recharge_value").total == 12_000_000
    assert tally_of(database, "recharge_value").conversions == 1
    assert tally_of(database, "recharge").conversions == 1
    assert tally_of(database, "recharge_count").total == 1_000_000


def test_currencies_are_never_added_to_each_other(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    events = [a_conversion("c1", value="20"), a_conversion("c2", value="7", currency="EUR")]
    append(database, project, [an_exposure("e1"), *events, a_conversion("c3", value="1", currency=None)])
    assert tally_of(database, "recharge_value").total == 20_000_000
    assert tally_of(database, "recharge_count").total == 3_000_000


def test_conversions_before_the_exposure_are_the_covariate(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    before = [a_conversion("c1", at=-HOUR, value="3"), a_conversion("c2", at=-7 * A_DAY - 1, value="100")]
    append(database, project, [an_exposure("e1"), *before, a_conversion("c3", value="5")])
    assert tally_of(database, "recharge_value") == Tally(
        1, 5 * 10**6, 25 * 10**12, 3 * 10**6, 9 * 10**12, 15 * 10**12, 1
    )


def test_sums_beyond_64_bits_stay_exact(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    largest = 10**12
    units = [f"acct_{number}" for number in range(12)]
    events = [a_conversion(f"c{n}{u}", u, value=str(largest)) for u in units for n in range(2)]
    append(database, project, [an_exposure(f"e{unit}", unit) for unit in units], events)
    y = 2 * largest * 10**6
    assert tally_of(database, "recharge_value") == Tally(12, 12 * y, 12 * y * y, conversions=12)
    before = derived(database)
    rebuild(database)
    assert derived(database) == before


def test_the_bins_of_a_cell_add_up_to_it(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    values = ["20", "19.99", "20.01", "0", "-5", "1000000000000", "0.000001", "7.5", "7.5"]
    for number, value in enumerate(values):
        unit, at = f"acct_{number}", number * 7 * HOUR
        events = [a_conversion(f"c{number}", unit, at=at + number * HOUR, value=value)]
        events += [a_conversion(f"b{number}", unit, at=at - HOUR, value="3")]
        append(database, project, [an_exposure(f"e{number}", unit, at=at, plan="pro"), *events])
    for segment in ("", "plan"):
        cells, found = cells_of(database, segment=segment), bins_of(database, segment=segment)
        binned = {"time_to_recharge", "median_recharge", "capped"}
        assert {cell.metric for cell in found} == binned | (
            set() if segment else {"recharge_value", "recharge_count"}
        )
        for cell, by_edge in found.items():
            total = sum(by_edge.values(), Tally())
            assert replace(total, n=cells[cell].n) == cells[cell]
    edges = {
        edge
        for cell, by_edge in bins_of(database).items()
        if cell.metric == "median_recharge"
        for edge in by_edge
    }
    assert edges == {int(value * 10**6) for value in (20, 20.1, 0, -5, 10**12, 0.000001, 7.5)}


def test_a_value_that_grows_moves_to_another_bin_and_leaves_none_behind(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1"), a_conversion("c1", value="20")])
    append(database, project, [a_conversion("c2", at=2 * HOUR, value="30.004")])
    (edges,) = [bins for cell, bins in bins_of(database).items() if cell.metric == "capped"]
    y = 50_004_000
    assert edges == {50_100_000: Tally(1, y, y * y, conversions=1)}


def test_segments_are_those_of_the_first_exposure(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e2", at=HOUR, plan="pro")], [an_exposure("e1", plan="free")])
    append(database, project, [an_exposure("e3", "acct_2")])
    split = cells_of(database, segment="plan")
    assert {cell.segment_value for cell in split} == {"free", "(none)"}


def test_uncounted_exposures_stay_out_of_results_and_are_shown(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1", counted=False), a_conversion("c1")])
    assert cells_of(database) == {}
    health = health_of(database, project)
    assert (health.exposures, health.uncounted, health.unmatched_conversions) == (0, 1, 1)


def test_fallbacks_and_lag_are_counted(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    slow = an_exposure("e2", "acct_2")._replace(received_at=START + 9_000_000)
    append(database, project, [an_exposure("e1", fallback=True), slow])
    health = health_of(database, project)
    assert (health.fallbacks, health.lag_mean, health.lag_highest) == (1, 5_000_000, 9_000_000)
    assert health.last_received_at == START + 9_000_000


def test_one_conversion_counts_in_each_experiment_and_is_matched_once(database: Database) -> None:
    project, (first, second) = add_project(database, a_measured_state(), a_measured_state("other"))
    append(database, project, [an_exposure("e1", experiment_id=first), a_conversion("c1")])
    append(database, project, [an_exposure("e2", experiment_id=second, variant="progress")])
    assert sum(t.conversions for c, t in cells_of(database, first).items() if c.metric == "recharge") == 1
    assert sum(t.conversions for c, t in cells_of(database, second).items() if c.metric == "recharge") == 1
    assert health_of(database, project).conversions == 1
    assert health_of(database, project).unmatched_conversions == 0


def test_another_projects_conversions_of_a_unit_are_not_counted(database: Database) -> None:
    mine, _ = add_project(database, a_measured_state())
    other, _ = add_project(database, name="other")
    append(database, other, [a_conversion("c1")])
    append(database, mine, [an_exposure("e1")])
    assert tally_of(database, "recharge") == Tally(1)
    assert health_of(database, mine).conversions == 0


UNITS = ["acct_1", "acct_1", "acct_1", "acct_2"]  # most of them one: its events must meet
TIMES = [-HOUR, 0, HOUR, A_DAY, 7 * A_DAY - 1, 7 * A_DAY, 8 * A_DAY]
exposures = st.builds(
    lambda unit, at, choice, fallback, plan: (unit, at, *choice, fallback, plan),
    st.sampled_from(UNITS),
    st.sampled_from(TIMES),
    st.sampled_from([("control", 1, 1), ("progress", 1, 1), ("progress", 2, 1), ("control", 1, 2)]),
    st.booleans(),
    st.sampled_from(["free", 3, None]),
)
conversions = st.tuples(
    st.sampled_from(UNITS),
    st.sampled_from(TIMES),
    st.sampled_from(["recharge", "refund", "api_call", "unheard_of"]),
    st.sampled_from(["20", "-5", "0.000001", None]),
    st.sampled_from(["USD", "EUR", None]),
)


def exposure_of(place: int, drawn: tuple[Any, ...]) -> EventRecord:
    unit, at, variant, phase, experiment_id, fallback, plan = drawn
    return an_exposure(
        f"e{place}", unit, at=at, variant=variant, phase=phase, experiment_id=experiment_id,
        fallback=fallback, plan=plan,
    )  # fmt: skip


def conversion_of(place: int, drawn: tuple[Any, ...]) -> EventRecord:
    unit, at, name, value, currency = drawn
    return a_conversion(f"c{place}", unit, at=at, name=name, value=value, currency=currency)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[EventRecord], list[list[EventRecord]]]:
    """Some events, and the same in any order, cut into batches anywhere, with some sent twice."""
    events = [exposure_of(*pair) for pair in enumerate(draw(st.lists(exposures, min_size=1, max_size=5)))]
    events += [conversion_of(*pair) for pair in enumerate(draw(st.lists(conversions, max_size=5)))]
    shuffled = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=3))))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled)), max_size=4)))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    return events, [batch for batch in batches if batch]


def test_any_order_and_any_batches_give_what_a_rebuild_gives(database: Database) -> None:
    project, ids = add_project(database, a_measured_state(), a_measured_state("other"))
    assert ids == [1, 2]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(arrivals())
    def compare(drawn: tuple[list[EventRecord], list[list[EventRecord]]]) -> None:
        events, batches = drawn
        empty(database)
        append(database, project, events)
        at_once = derived(database)
        empty(database)
        append(database, project, *batches)
        assert derived(database) == at_once
        forget_derived(database)
        assert rebuild(database, project_id=project) == len(events)
        assert derived(database) == at_once

    compare()


def empty(database: Database) -> None:
    """Forgets all events and what is derived from them."""
    forget_derived(database)
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM event")
