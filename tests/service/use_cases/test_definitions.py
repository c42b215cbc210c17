"""Applying a document: idempotent, all or nothing, and never against a running experiment's meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import inspect, text

from experiments.errors import InvalidInput
from experiments.model.changes import Frozen
from experiments.model.document import Definitions
from service.storage import catalogue
from service.storage.database import Database
from service.use_cases import definitions, experiments, projects
from service.use_cases.paging import PageOf
from service.use_cases.scope import Scope
from tests.bad_definitions import VALID_DOCUMENT
from tests.factories import (
    A_MONDAY,
    definitions_document,
    error_code_document,
    experiment_document,
    variant_document,
)

KEY = "low-balance-framing"


@pytest.fixture
def scope(database_url: str) -> Iterator[Scope]:
    """An empty project."""
    database = Database(database_url)
    yield Scope(database, projects.ensure(database, "shop", now=A_MONDAY), "cli", A_MONDAY)
    database.dispose()


def document(**fields: Any) -> Definitions:
    """A document with one error code, one metric and one experiment."""
    return Definitions.model_validate(definitions_document(**fields))


def stored(scope: Scope) -> dict[str, list[str]]:
    """Every row of every table."""
    with scope.database.reading() as connection:
        return {
            table: [str(row) for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
            for table in inspect(connection).get_table_names()
        }


def summary(changes: list[definitions.Change]) -> list[tuple[str, str, str, int]]:
    """The changes in short."""
    return [(change.kind, change.key, change.action, change.revision) for change in changes]


def test_a_new_document_makes_everything_in_it(scope: Scope) -> None:
    assert summary(definitions.apply(scope, document(holdout=0.1))) == [
        ("project", "holdout", "changed", 0),
        ("error_code", "INSUFFICIENT_BALANCE", "created", 1),
        ("metric", "recharge", "created", 1),
        ("experiment", KEY, "created", 1),
    ]
    assert experiments.get_experiment(scope, KEY).state.status == "draft"


def test_applying_again_changes_nothing_at_all(scope: Scope) -> None:
    definitions.apply(scope, document(holdout=0.1))
    before = stored(scope)
    again = definitions.apply(scope, document(holdout=0.1))
    assert {change.action for change in again} == {"unchanged"}
    assert stored(scope) == before


def test_a_dry_run_says_what_would_change_and_changes_nothing(scope: Scope) -> None:
    definitions.apply(scope, document())
    before = stored(scope)
    (change,) = definitions.apply(
        scope,
        document(error_codes=[], metrics=[], experiments=[experiment_document(traffic=0.5)]),
        dry_run=True,
    )
    assert (change.action, change.revision) == ("changed", 2)
    assert [str(one) for one in change.differences] == ["/traffic: 1 → 0.5"]
    assert stored(scope) == before


def test_a_dry_run_and_the_run_say_the_same(scope: Scope) -> None:
    definitions.apply(scope, document())
    experiments.start(scope, KEY)
    heavier = [variant_document("control", weight=3), variant_document("progress", weight=1)]
    wanted = document(experiments=[experiment_document(variants=heavier)])
    assert definitions.apply(scope, wanted, dry_run=True) == definitions.apply(scope, wanted)


def test_what_a_document_leaves_out_stays(scope: Scope) -> None:
    definitions.apply(scope, document(holdout=0.1))
    definitions.apply(scope, Definitions())
    assert [one.state.definition.key for one in experiments.list_experiments(scope, PageOf()).items] == [KEY]
    assert projects.read(scope).holdout is not None


def test_a_document_may_refer_to_what_the_project_has(scope: Scope) -> None:
    definitions.apply(scope, document())
    more = Definitions.model_validate({"experiments": [experiment_document(key="second")]})
    assert summary(definitions.apply(scope, more)) == [("experiment", "second", "created", 1)]


def test_one_fault_keeps_the_whole_document_out(scope: Scope) -> None:
    before = stored(scope)
    wanted = document(
        experiments=[experiment_document(), experiment_document(key="b", plan={"primary": "nothing"})]
    )
    with pytest.raises(InvalidInput) as refusal:
        definitions.apply(scope, wanted)
    assert [fault.pointer for fault in refusal.value.faults] == ["/experiments/1/plan/primary"]
    assert stored(scope) == before


def test_weights_of_a_running_experiment_open_a_new_phase_and_it_is_said(scope: Scope) -> None:
    definitions.apply(scope, document())
    experiments.start(scope, KEY)
    heavier = [variant_document("control", weight=3), variant_document("progress", weight=1)]
    changes = definitions.apply(scope, document(experiments=[experiment_document(variants=heavier)]))
    assert [change.new_phase for change in changes] == [False, False, True]
    assert [phase.shares["control"] for phase in experiments.get_experiment(scope, KEY).state.phases] == [
        "1/2",
        "3/4",
    ]


def test_frozen_places_of_all_experiments_are_named_at_once_and_nothing_is_stored(scope: Scope) -> None:
    both = [experiment_document(), experiment_document(key="second")]
    definitions.apply(scope, document(experiments=both))
    for key in (KEY, "second"):
        experiments.start(scope, key)
    before = stored(scope)
    changed = [
        experiment_document(unit="user"),
        experiment_document(key="second", plan={"primary": "recharge", "power": 0.9}),
    ]
    with pytest.raises(Frozen) as refusal:
        definitions.apply(scope, document(experiments=changed))
    assert [fault.pointer for fault in refusal.value.faults] == ["/experiments/0/unit", "/experiments/1/plan"]
    assert stored(scope) == before


def test_an_error_code_that_would_break_a_draft_is_refused_at_its_place(scope: Scope) -> None:
    definitions.apply(
        scope, document(experiments=[experiment_document(plan={"primary": "recharge", "segments": ["plan"]})])
    )
    poorer = Definitions.model_validate(
        {"error_codes": [error_code_document(context={"usage_percent": "integer"})]}
    )
    with pytest.raises(InvalidInput) as refusal:
        definitions.apply(scope, poorer)
    (fault,) = refusal.value.faults
    assert fault.pointer == "/error_codes/0"
    assert "would break experiment low-balance-framing at /plan/segments/0" in fault.detail


def test_every_revision_is_kept_as_it_was_written(scope: Scope) -> None:
    definitions.apply(scope, document())
    for traffic in (0.5, 0.25):
        definitions.apply(scope, document(experiments=[experiment_document(traffic=traffic)]))
    with scope.reading() as session:
        kept = catalogue.revisions(session, scope.project.id, kind="experiment", key=KEY)
    assert [row.revision for row in kept] == [1, 2, 3]
    assert ['"traffic":1,' in kept[0].document, '"traffic":0.5,' in kept[1].document] == [True, True]


def test_only_what_a_ruleset_could_show_moves_the_projects_counter(scope: Scope) -> None:
    definitions.apply(scope, document())
    revision = projects.read(scope).revision
    definitions.apply(scope, document())
    assert projects.read(scope).revision == revision
    experiments.start(scope, KEY)
    assert projects.read(scope).revision == revision + 1


def test_salts_are_made_once_and_differ(scope: Scope) -> None:
    definitions.apply(scope, document(experiments=[experiment_document(), experiment_document(key="second")]))
    salts = {experiments.get_experiment(scope, key).state.salt for key in (KEY, "second")}
    definitions.apply(scope, document(experiments=[experiment_document(traffic=0.5)]))
    assert len(salts) == 2
    assert experiments.get_experiment(scope, KEY).state.salt in salts


def test_the_document_that_the_bad_ones_are_made_from_is_applied(scope: Scope) -> None:
    assert len(definitions.apply(scope, Definitions.model_validate(VALID_DOCUMENT))) == 6
