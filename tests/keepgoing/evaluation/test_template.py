"""Rendering: each part of the wire form, its bounds, and that nothing but RenderError ever comes out."""

# ruff: noqa: RUF001  # digits, signs and letters of other scripts are what is tested
from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.template import OUTPUT_BOUND, RenderError, compile_template

STYLE = {"decimal": ".", "group": ",", "grouping": [3, 3], "affixes": ["", "", "-", ""]}
ENGLISH: dict[str, Any] = {
    "plural": {"one": [[["i", 0, True, [[1, 1]]], ["v", 0, True, [[0, 0]]]]]},
    "ordinal": {
        "one": [[["n", 10, True, [[1, 1]]], ["n", 100, False, [[11, 11]]]]],
        "two": [[["n", 10, True, [[2, 2]]], ["n", 100, False, [[12, 12]]]]],
        "few": [[["n", 10, True, [[3, 3]]], ["n", 100, False, [[13, 13]]]]],
    },
    "number": STYLE,
    "percent": {**STYLE, "affixes": ["", "%", "-", "%"]},
    "currency": {"USD": {**STYLE, "affixes": ["$", "", "-$", ""], "fraction": 2}},
}
HOURS = ["plural", "n", 0, {"=0": "no hours", "one": [["#"], " hour"], "other": [["#"], " hours"]}]
GUESTS = ["plural", "n", 1, {"=1": "you", "one": ["you and ", ["#"], " other"], "other": [["#"], " others"]}]
PLACE = [
    "selectordinal",
    "n",
    0,
    {"one": "#st", "two": [["#"], "nd"], "few": [["#"], "rd"], "other": [["#"], "th"]},
]
PLAN = ["select", "plan", {"pro": "Pro", "other": ["not Pro but ", ["arg", "plan"]]}]
TRIAL = ["select", "trial", {"true": "on trial", "other": "paying"}]


def rendered(parts: Any, **arguments: Any) -> str:
    """The text of a template that has arguments."""
    render = compile_template(parts, ENGLISH)
    assert not isinstance(render, str)
    return render(arguments)


@pytest.mark.parametrize("template", ["plain", ["plain"], ["pl", "ain"]])
def test_without_arguments_it_is_the_text_itself(template: Any) -> None:
    assert compile_template(template, {}) == "plain"


def test_an_empty_template_is_empty_text() -> None:
    assert compile_template([], {}) == compile_template("", {}) == ""


@pytest.mark.parametrize(
    ("part", "arguments", "text"),
    [
        (["arg", "name"], {"name": "Ann"}, "Ann"),
        (["arg", "name"], {"name": ""}, ""),
        (["arg", "name"], {"name": 1234.5}, "1,234.5"),
        (["arg", "name"], {"name": "two\nlines\x00"}, "two lines "),
        (["number", "n", [0, 3, True]], {"n": 1234.5678}, "1,234.568"),
        (["number", "n", [0, 0, False]], {"n": 2026}, "2026"),
        (["number", "n", [2, 2, True]], {"n": Decimal("3")}, "3.00"),
        (["percent", "n", [0, 0, True], 100], {"n": 0.87}, "87%"),
        (["percent", "n", [0, 1, True], 1], {"n": 87.5}, "87.5%"),
        (["currency", "n", [None, None, True], "USD"], {"n": -1234}, "-$1,234.00"),
        (["currency", "n", [0, 0, True], "USD"], {"n": 19.5}, "$20"),
        (HOURS, {"n": 0}, "no hours"),
        (HOURS, {"n": 1}, "1 hour"),
        (HOURS, {"n": 1.0}, "1 hour"),
        (HOURS, {"n": Decimal("1.0")}, "1 hour"),
        (HOURS, {"n": -1}, "-1 hour"),
        (HOURS, {"n": 1.5}, "1.5 hours"),
        (HOURS, {"n": 1.0001}, "1 hour"),
        (HOURS, {"n": 0.0}, "no hours"),
        (HOURS, {"n": 1234}, "1,234 hours"),
        (GUESTS, {"n": 1}, "you"),
        (GUESTS, {"n": 2}, "you and 1 other"),
        (GUESTS, {"n": 0}, "you and -1 other"),
        (GUESTS, {"n": 3.5}, "2.5 others"),
        (PLACE, {"n": 1}, "#st"),
        (PLACE, {"n": 22}, "22nd"),
        (PLACE, {"n": 13}, "13th"),
        (PLAN, {"plan": "pro"}, "Pro"),
        (PLAN, {"plan": "free"}, "not Pro but free"),
        (PLAN, {"plan": "other"}, "not Pro but other"),
        (TRIAL, {"trial": True}, "on trial"),
        (TRIAL, {"trial": False}, "paying"),
        (TRIAL, {"trial": "true"}, "on trial"),
    ],
)
def test_each_part_is_rendered(part: list[Any], arguments: dict[str, Any], text: str) -> None:
    assert rendered(["<", part, ">"], **arguments) == f"<{text}>"


def test_a_hash_is_the_number_of_the_nearest_plural() -> None:
    inner = ["plural", "b", 0, {"other": [["#"], "b"]}]
    outer = ["plural", "a", 1, {"other": [["#"], "a ", inner, " ", ["#"], "a"]}]
    assert rendered([outer], a=5, b=7) == "4a 7b 4a"


@pytest.mark.parametrize("seen_first", [True, 1.0, Decimal(1)])
def test_what_equals_a_number_does_not_pass_for_it(seen_first: Any) -> None:
    render = compile_template([HOURS], ENGLISH)
    assert not isinstance(render, str)
    assert render({"n": 1}) == "1 hour"
    if seen_first is True:
        with pytest.raises(RenderError, match="argument 'n' is bool, must be a number"):
            render({"n": seen_first})
    else:
        assert render({"n": seen_first}) == "1 hour"


@pytest.mark.parametrize(
    "text",
    [
        "שלום \u200fעולם",
        "👨‍👩‍👧 🇩🇪 👍🏽",
        "e\u0301 Z\u0335\u0321 क्षि",
        "{n} {{n}} %s %(n)s {0.__class__}",
        "'{' ''",
    ],
)
def test_text_of_users_is_never_interpreted(text: str) -> None:
    assert rendered([text, ["arg", "name"], text], name=text) == text * 3


@pytest.mark.parametrize(
    ("part", "arguments", "reason"),
    [
        (["arg", "name"], {}, "argument 'name' is missing"),
        (["arg", "name"], {"name": None}, "argument 'name' is NoneType, must be a number"),
        (["arg", "name"], {"name": ["x"]}, "argument 'name' is list"),
        (["arg", "name"], {"name": True}, "argument 'name' is bool"),
        (["arg", "name"], {"name": "x" * 201}, "argument 'name' has 201 characters, must be <= 200"),
        (["number", "n", [0, 3, True]], {"n": "7"}, "argument 'n' is str, must be a number"),
        (["number", "n", [0, 3, True]], {"n": float("nan")}, "argument 'n' is not finite"),
        (["number", "n", [0, 3, True]], {"n": 10**18}, "argument 'n' is too large"),
        (HOURS, {}, "argument 'n' is missing"),
        (HOURS, {"n": "7"}, "argument 'n' is str"),
        (HOURS, {"n": float("inf")}, "argument 'n' is not finite"),
        (GUESTS, {"n": None}, "argument 'n' is NoneType"),
        (PLAN, {}, "argument 'plan' is missing"),
        (PLAN, {"plan": 7}, "argument 'plan' is int, must be text or a boolean"),
        (PLAN, {"plan": []}, "argument 'plan' is list, must be text or a boolean"),
    ],
)
def test_a_missing_or_unfit_argument_is_refused_by_name(
    part: list[Any], arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RenderError, match=reason):
        rendered([part], **arguments)


def test_an_argument_that_the_chosen_case_does_not_need_may_be_missing() -> None:
    assert (
        rendered([["select", "plan", {"pro": ["for ", ["arg", "name"]], "other": "for you"}]], plan="free")
        == "for you"
    )


def test_text_over_the_bound_is_refused() -> None:
    exactly = ["x" * (OUTPUT_BOUND - 3), ["arg", "name"]]
    assert len(rendered(exactly, name="abc")) == OUTPUT_BOUND
    with pytest.raises(RenderError, match="the text has 2001 characters, must be <= 2000"):
        rendered(exactly, name="abcd")


def test_links_encode_arguments_and_leave_literals() -> None:
    parts = [
        "https://example.com/?a=1&u=",
        ["arg", "unit"],
        "&n=",
        ["arg", "n"],
        "&m=",
        ["number", "n", [0, 0, True]],
    ]
    render = compile_template(parts, ENGLISH, encode=lambda text: quote(text, safe=""))
    assert not isinstance(render, str)
    assert (
        render({"unit": "a&b=/ü", "n": 12345})
        == "https://example.com/?a=1&u=a%26b%3D%2F%C3%BC&n=12345&m=12%2C345"
    )


def test_links_encode_inside_cases_too() -> None:
    parts = [["plural", "n", 0, {"other": ["?n=", ["#"], "&p=", ["arg", "p"]]}]]
    render = compile_template(parts, ENGLISH, encode=lambda text: quote(text, safe=""))
    assert not isinstance(render, str)
    assert render({"n": 1234, "p": "a&b"}) == "?n=1234&p=a%26b"


def test_text_needs_no_locale_data_at_all() -> None:
    render = compile_template([["arg", "name"], " ", ["arg", "n"]], {})
    assert not isinstance(render, str)
    assert render({"name": "Ann", "n": 1234.5}) == "Ann 1234.5"


@pytest.mark.parametrize(
    "template",
    [
        None,
        7,
        {"en": "text"},
        [7],
        [None],
        [[]],
        [["arg"]],
        [["arg", 7]],
        [["arg", "a", "b"]],
        [["#"]],
        [["date", "d"]],
        [["eval", "1"]],
        [["number", "n"]],
        [["number", "n", [0, 7, True]]],
        [["number", "n", [3, 2, True]]],
        [["number", "n", ["0", "1", True]]],
        [["number", "n", None]],
        [["percent", "n", [0, 0, True]]],
        [["percent", "n", [0, 0, True], 7]],
        [["currency", "n", [None, None, True], "EUR"]],
        [["currency", "n", [None, None, True]]],
        [["plural", "n", 0, {"one": "x"}]],
        [["plural", "n", 0, {"=x": "x", "other": "y"}]],
        [["plural", "n", "x", {"other": "y"}]],
        [["plural", "n", {"other": "y"}]],
        [["plural", 7, 0, {"other": "y"}]],
        [["plural", "n", 0, ["other"]]],
        [["select", "s", {"pro": "y"}]],
        [["select", "s", {"other": 7}]],
        [["select", "s"]],
        [["select", ["s"], {"other": "y"}]],
    ],
)
def test_a_malformed_template_is_a_fault_of_the_ruleset(template: Any) -> None:
    with pytest.raises(InvalidRuleset, match="malformed template"):
        compile_template(template, ENGLISH)


@pytest.mark.parametrize(
    "locale", [{}, {"plural": {"one": 7}}, {"plural": {"most": []}}, {"plural": []}, None]
)
def test_malformed_locale_data_is_a_fault_of_the_ruleset(locale: Any) -> None:
    with pytest.raises(InvalidRuleset):
        compile_template([HOURS], locale)


def test_cases_without_end_are_a_fault_of_the_ruleset() -> None:
    template: Any = "end"
    for _ in range(11):
        template = [["select", "s", {"other": template}]]
    with pytest.raises(InvalidRuleset, match="nest at most 10 deep"):
        compile_template(template, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["arg", "number", "percent", "currency", "plural", "select", "#", "n", "other", "USD"]),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(st.sampled_from(["other", "one", "=1", "x"]), inner),
    max_leaves=30,
)  # fmt: skip
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.lists(st.text())
)
TEMPLATE = [
    "Dear ", ["arg", "name"], ", ", HOURS, ", ", GUESTS, ", ", PLACE, ", ", PLAN, ", ", TRIAL, ", ",
    ["number", "n", [0, 6, True]], ["percent", "n", [0, 0, True], 100],
    ["currency", "n", [None, None, True], "USD"],
]  # fmt: skip


@given(JSON, st.dictionaries(st.sampled_from(["n", "other", "one", "x"]), VALUES))
def test_any_json_is_a_template_or_a_fault_of_the_ruleset(template: Any, arguments: dict[str, Any]) -> None:
    try:
        compiled = compile_template(template, ENGLISH)
    except InvalidRuleset:
        return
    if not isinstance(compiled, str):
        try_to_render(compiled, arguments)


@given(st.dictionaries(st.sampled_from(["name", "n", "plan", "trial"]), VALUES))
def test_rendering_gives_text_within_the_bound_or_a_render_error(arguments: dict[str, Any]) -> None:
    try_to_render(compile_template(TEMPLATE, ENGLISH), arguments)


def try_to_render(render: Any, arguments: dict[str, Any]) -> None:
    """Renders, and lets nothing but a RenderError pass for a refusal; the arguments stay as they were."""
    before = copy.deepcopy(arguments)
    try:
        text = render(arguments)
    except RenderError:
        text = ""
    assert len(text) <= OUTPUT_BOUND
    text.encode()
    assert repr(arguments) == repr(before)
