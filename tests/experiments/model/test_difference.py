from __future__ import annotations

from experiments.model.difference import difference
from tests.factories import a_metric, an_error_code, an_experiment, message_document, variant_document


def lines(before: object, after: object) -> list[str]:
    return [str(one) for one in difference(before, after)]  # type: ignore[arg-type]


def test_equal_definitions_do_not_differ() -> None:
    assert lines(an_experiment(), an_experiment()) == []


def test_a_variant_is_named_by_its_key() -> None:
    after = an_experiment(variants=[variant_document(weight=0.25), variant_document("progress")])
    assert lines(an_experiment(), after) == ["/variants/control/weight: 0.5 → 0.25"]


def test_what_is_new_and_what_is_gone_stand_with_nothing_on_the_other_side() -> None:
    before = an_experiment(variants=[variant_document(), variant_document("old")])
    after = an_experiment(variants=[variant_document(), variant_document("new")])
    found = lines(before, after)
    assert [line.partition(":")[0] for line in found] == ["/variants/new", "/variants/old"]
    assert "(absent) → {key, control, weight" in found[0]
    assert found[1].endswith("→ (absent)")


def test_words_stand_in_the_difference_cut_where_they_are_long() -> None:
    after = an_error_code(message={"en": message_document("New words. " + "x" * 500)})
    (line,) = lines(an_error_code(), after)
    assert line.startswith("/message/en/detail: 'Insufficient balance: your balance")
    assert "→ 'New words. xxx" in line
    assert len(line) < 300


def test_a_definition_that_is_new_is_one_line() -> None:
    (line,) = lines(None, a_metric())
    assert line.startswith("/: (absent) → {key, direction")


def test_true_and_false_stand_as_they_are_written() -> None:
    (line,) = lines(an_experiment(simulated=True), an_experiment())
    assert line == "/simulated: true → false"
