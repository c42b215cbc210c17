"""Which arguments a template needs, and which contexts can give them."""

from __future__ import annotations

import pytest

from experiments.model.template import check_arguments, parse_template

CONTEXT = {"plan": "string", "hours": "number", "used": "integer", "trial": "boolean"}


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("plain", {}),
        ("{plan}", {"plan": "string"}),
        ("{plan, select, pro {a} other {{hours, number}}}", {"plan": "string", "hours": "number"}),
        ("{hours, plural, other {#}}", {"hours": "number"}),
        ("{used, selectordinal, other {#}}", {"used": "integer"}),
        ("{used} {used, number}", {"used": "number"}),
        ("{used, number} {used}", {"used": "number"}),
        ("{used, number} {used, selectordinal, other {}}", {"used": "integer"}),
        ("{trial, select, true {a} other {b}} {trial}", {"trial": "string"}),
    ],
)
def test_the_arguments_are_named_with_the_strictest_type_needed(text: str, needed: dict[str, str]) -> None:
    assert parse_template(text).arguments == needed


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "{plan} {used} {hours}",
        "{plan, select, pro {a} other {b}} {trial, select, true {a} other {b}}",
        "{used, number, percent} {hours, number} {hours, plural, other {#}} {used, plural, other {#}}",
        "{used, selectordinal, other {#th}}",
    ],
)
def test_a_context_that_fits_has_no_faults(text: str) -> None:
    assert check_arguments(parse_template(text), CONTEXT) == []


@pytest.mark.parametrize(
    ("text", "position", "detail"),
    [
        ("for {plam}", 4, "'plam' is not in the context of the error code, which declares hours, plan"),
        ("for {plam}", 4, "did you mean 'plan'?"),
        ("{zzz}", 0, "which declares hours, plan, trial, used; declare it there"),
        ("{plan, plural, other {#}}", 0, "'plan' is declared string, must be number or integer here"),
        ("{plan, number}", 0, "'plan' is declared string, must be number or integer here"),
        ("{trial, number}", 0, "'trial' is declared boolean, must be number or integer here"),
        ("in {hours, selectordinal, other {#}}", 3, "'hours' is declared number, must be integer here"),
        ("{trial}", 0, "has no text of its own; write {trial, select, true {…} other {…}}"),
        ("{used, select, other {}}", 0, "'used' is declared integer, and select chooses by text; use plural"),
        ("{plan, select, other {for {nobody}}}", 26, "'nobody' is not in the context"),
    ],
)
def test_what_does_not_fit_is_a_fault_with_its_place(text: str, position: int, detail: str) -> None:
    (fault,) = check_arguments(parse_template(text), CONTEXT)
    assert fault.position == position
    assert detail in fault.detail


def test_every_use_that_does_not_fit_is_named() -> None:
    faults = check_arguments(parse_template("{a} {b, number} {a}"), {})
    assert [fault.position for fault in faults] == [0, 4, 16]
    assert "which declares nothing yet" in faults[0].detail


def test_the_currencies_used_are_known() -> None:
    template = parse_template("{a, number, ::currency/USD} {a, plural, other {{b, number, ::currency/EUR}}}")
    assert template.currencies == {"USD", "EUR"}
    assert parse_template("{a, number}").currencies == frozenset()


def test_the_wire_form_is_a_copy() -> None:
    template = parse_template("{a, plural, other {#}}")
    wire = template.wire()
    assert isinstance(wire, list)
    wire[0].append("spoilt")
    assert template.wire() == [["plural", "a", 0, {"other": [["#"]]}]]
