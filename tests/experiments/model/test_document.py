from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from experiments.errors import InvalidInput
from experiments.model.document import Catalogue, Definitions, definitions, load
from tests.bad_definitions import BAD_DEFINITIONS, VALID_DOCUMENT, BadDefinition
from tests.factories import (
    a_metric,
    an_error_code,
    definitions_document,
    error_code_document,
    experiment_document,
    message_document,
    variant_document,
)

CONTRACT = (Path(__file__).parents[2] / "contract_definitions.yaml").read_text(encoding="utf-8")


def faults_of(document: object, **known: Catalogue) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        definitions(document, **known)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


def test_the_document_of_the_contract_loads_as_it_stands() -> None:
    found = load(CONTRACT)
    assert [one.code for one in found.error_codes] == ["INSUFFICIENT_BALANCE"]
    assert [one.kind for one in found.metrics] == [
        "conversion",
        "mean",
        "ratio",
        "retention",
        "conversion",
        "time",
    ]
    assert str(found.experiments[0].variants[1].incentive.unit_cost) == "0.02"  # type: ignore[union-attr]


def test_the_valid_document_that_bad_ones_are_made_from_is_valid() -> None:
    assert len(definitions(VALID_DOCUMENT).metrics) == 4


@pytest.mark.parametrize("case", BAD_DEFINITIONS, ids=lambda case: case.id)
def test_a_bad_definition_is_refused_at_its_place_and_nowhere_else(case: BadDefinition) -> None:
    faults = faults_of(case.document)
    assert list(faults) == [case.pointer]
    detail = faults[case.pointer]
    assert 8 <= len(detail) <= 300
    assert (
        not any(word in detail for word in ("pydantic", "http", "Input should", "Value error"))
        or "https:" in detail
    )


def test_there_are_at_least_sixty_bad_definitions_and_no_two_are_the_same() -> None:
    assert len(BAD_DEFINITIONS) >= 60
    assert len({case.id for case in BAD_DEFINITIONS}) == len(BAD_DEFINITIONS)


def test_all_faults_of_a_document_are_told_at_once() -> None:
    document = definitions_document(
        error_codes=[error_code_document(status=200)],
        experiments=[
            experiment_document(traffic=2, variants=[variant_document(), variant_document("b", weight=-1)])
        ],
    )
    assert set(faults_of(document)) == {
        "/error_codes/0/status",
        "/experiments/0/traffic",
        "/experiments/0/variants/1/weight",
    }


def test_faults_between_definitions_are_told_at_once() -> None:
    wrong = variant_document("b", message={"en": message_document("You owe {amount}.", actions=[])})
    document = definitions_document(
        experiments=[experiment_document(variants=[variant_document(), wrong], plan={"primary": "nothing"})]
    )
    assert set(faults_of(document)) == {
        "/experiments/0/plan/primary",
        "/experiments/0/variants/1/message/en/detail",
        "/experiments/0/variants/1/message/en/actions",
    }


def test_a_hostile_document_gets_at_most_a_hundred_faults() -> None:
    assert len(faults_of({"metrics": [{"key": "A B"} for _ in range(500)]})) <= 100


def test_a_document_may_refer_to_what_the_project_has_already() -> None:
    document = {"experiments": [experiment_document()]}
    known = Catalogue({"INSUFFICIENT_BALANCE": an_error_code()}, {"recharge": a_metric()})
    assert definitions(document, known=known).experiments[0].key == "low-balance-framing"
    assert set(faults_of(document)) == {"/experiments/0/error_code", "/experiments/0/plan/primary"}


def test_what_the_document_defines_stands_over_what_the_project_has() -> None:
    document = definitions_document(error_codes=[error_code_document(context={})])
    document["experiments"][0]["plan"]["segments"] = ["plan"]
    known = Catalogue({"INSUFFICIENT_BALANCE": an_error_code()}, {})
    assert list(faults_of(document, known=known)) == ["/experiments/0/plan/segments/0"]


def test_an_empty_document_defines_nothing() -> None:
    assert definitions({}) == Definitions()


def test_yaml_and_json_of_one_document_mean_the_same() -> None:
    found = load(CONTRACT)
    as_json = found.model_dump_json(by_alias=True)
    assert load(as_json, name="definitions.json") == found
    assert load(yaml.safe_dump(found.model_dump(mode="json", by_alias=True))) == found
