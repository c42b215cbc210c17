"""The parser of ICU MessageFormat: what it reads, what it refuses and where, and how that is rendered."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from experiments.model.locales import locale_data
from experiments.model.template import LENGTH_BOUND, TemplateFault, parse_template
from keepgoing.evaluation.template import OUTPUT_BOUND, RenderError, compile_template


def rendered(text: str, tag: str = "en", **arguments: Any) -> str:
    """The text of a template by the whole way: parsed, sent as JSON, compiled, rendered."""
    template = parse_template(text)
    wire = json.loads(json.dumps(template.wire()))
    compiled = compile_template(wire, locale_data(tag, currencies=template.currencies))
    return compiled if isinstance(compiled, str) else compiled(arguments)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a # b | c", "a # b | c"),
        ("{name}", [["arg", "name"]]),
        ("{ \t\nname \u200e}", [["arg", "name"]]),
        ("a{b}c{d}", ["a", ["arg", "b"], "c", ["arg", "d"]]),
        ("{n, number}", [["number", "n", [0, 3, True]]]),
        ("{n,number,integer}", [["number", "n", [0, 0, True]]]),
        ("{n , number , ::currency/USD }", [["currency", "n", [None, None, True], "USD"]]),
        ("{n,plural,other{}}", [["plural", "n", 0, {"other": ""}]]),
        (
            "{n, plural, offset:1 =0 {none} one {# hour} other{# hours}}",
            [["plural", "n", 1, {"=0": "none", "one": [["#"], " hour"], "other": [["#"], " hours"]}]],
        ),
        ("{n,plural,offset: 2 other{#}}", [["plural", "n", 2, {"other": [["#"]]}]]),
        (
            "{n, selectordinal, one {#st} other {#th}}",
            [["selectordinal", "n", 0, {"one": [["#"], "st"], "other": [["#"], "th"]}]],
        ),
        (
            "{p, select, pro {a} männlich_2 {b} other {#}}",
            [["select", "p", {"pro": "a", "männlich_2": "b", "other": "#"}]],
        ),
        (
            "{p, select, other {{n, plural, other {#}}}}",
            [["select", "p", {"other": [["plural", "n", 0, {"other": [["#"]]}]]}]],
        ),
    ],
)
def test_a_template_has_its_wire_form(text: str, wire: Any) -> None:
    assert parse_template(text).wire() == wire


@pytest.mark.parametrize(
    ("text", "shown"),
    [  # ICU's DOUBLE_OPTIONAL mode, as its own documentation and ICU 4.8 on have it
        ("it's", "it's"),
        ("it''s", "it's"),
        ("'quoted'", "'quoted'"),
        ("'{'name'}'", "{name}"),
        ("'{name}'", "{name}"),
        ("'{it''s}'", "{it's}"),
        ("'{a}''{b}'", "{a}'{b}"),
        ("''{n, plural, other {''#''}}''", "''7''"),
        ("{n, plural, other {'#' is #}}", "# is 7"),
        ("{n, plural, other {it's #}}", "it's 7"),
        ("'#'", "'#'"),
        ("a '", "a '"),
        ("a ''", "a '"),
        ("'{''}'", "{'}"),
    ],
)
def test_apostrophes_quote_as_in_icu(text: str, shown: str) -> None:
    assert rendered(text, n=7) == shown


@pytest.mark.parametrize(
    ("text", "tag", "arguments", "shown"),
    [
        ("You have used {p, number}% of your tier", "en", {"p": 87}, "You have used 87% of your tier"),
        ("{p, number, ::percent}", "fr", {"p": 87.5}, "87,5\u00a0%"),
        ("{p, number, percent}", "de", {"p": 0.875}, "88\u00a0%"),
        ("{p, number, ::percent scale/100 .0}", "en", {"p": 0.8755}, "87.6%"),
        ("{v, number, ::currency/EUR}", "de", {"v": Decimal("1234.5")}, "1.234,50\u00a0€"),
        ("{v, number, ::currency/USD precision-integer}", "en", {"v": 19.99}, "$20"),
        ("{y, number, ::group-off}", "en", {"y": 2026}, "2026"),
        ("{h, plural, one {# hour} other {# hours}}", "en", {"h": 1}, "1 hour"),
        ("{h, plural, one {# hour} other {# hours}}", "en", {"h": 1200}, "1,200 hours"),
        ("{n, plural, one {# час} few {# часа} many {# часов} other {# часа}}", "ru", {"n": 22}, "22 часа"),
        ("{n, plural, one {# час} few {# часа} many {# часов} other {# часа}}", "ru", {"n": 11}, "11 часов"),
        ("{n, plural, one {# час} few {# часа} many {# часов} other {# часа}}", "ru", {"n": 1.5}, "1,5 часа"),
        ("{n, plural, zero {صفر} two {ساعتان} few {# ساعات} other {#}}", "ar", {"n": 2}, "ساعتان"),
        ("{n, plural, one {שעה \u200fאחת} two {שעתיים} other {# שעות}}", "he", {"n": 2}, "שעתיים"),
        (
            "{n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}} call",
            "en",
            {"n": 103},
            "103rd call",
        ),
        (
            "{g, plural, offset:1 =0 {no one} =1 {you} one {you + #} other {you + # more}}",
            "en",
            {"g": 3},
            "you + 2 more",
        ),
        (
            "{a, plural, one {{b, plural, one {#b} other {#bs}} of #} other {#}}",
            "en",
            {"a": 1, "b": 2},
            "2bs of 1",
        ),
        (
            "{t, select, true {trial} other {{plan, select, pro {Pro} other {{plan}}}}}",
            "en",
            {"t": False, "plan": "max"},
            "max",
        ),
        ("👨‍👩‍👧 {name} e\u0301 🇩🇪", "en", {"name": "👍🏽"}, "👨‍👩‍👧 👍🏽 e\u0301 🇩🇪"),
        ("{name}\u200f שלום", "he", {"name": "דנה"}, "דנה\u200f שלום"),
        ("two\nlines\tstay", "en", {}, "two\nlines\tstay"),
        ("{name}", "en", {"name": "{secret} '{' #"}, "{secret} '{' #"),
    ],
)
def test_a_template_is_shown_in_its_language(
    text: str, tag: str, arguments: dict[str, Any], shown: str
) -> None:
    assert rendered(text, tag, **arguments) == shown


@pytest.mark.parametrize(
    ("text", "position", "detail"),
    [
        ("a}b", 1, "this '}' closes nothing; remove it"),
        ("{", 1, "this '{' is never closed; write {name}"),
        ("Hi {name", 3, "this '{' is never closed; add '}'"),
        ("Hi {name ", 3, "this '{' is never closed; add '}'"),
        ("{}", 1, "a placeholder needs a name"),
        ("{0}", 1, "a placeholder has a name, not a number"),
        ("{-x}", 1, "a placeholder needs a name of letters, digits and _"),
        ("{{x}}", 1, "a placeholder needs a name"),
        ("{größe}", 3, "after the name 'gr' comes '}', or a comma and a format"),
        ("{first name}", 7, "after the name 'first' comes '}'"),
        ("{n,}", 3, "format '' is not known; known are number, plural, selectordinal, select"),
        ("{n, Plural, other {}}", 4, "format 'Plural' is not known; known are"),
        ("{d, date}", 4, "'date' is no format here: dates are not supported"),
        ("{d, time, short}", 4, "times are not supported"),
        ("{n, choice, 0#no}", 4, "choice is obsolete; use plural or select"),
        ("{n, spellout}", 4, "use number"),
        ("{n, ordinal}", 4, "use selectordinal"),
        ("{n, duration}", 4, "durations are not supported"),
        ("so {p, select, missing {{p}} other {}}", 3, "write it without any"),
        ("{n, number", 0, "this '{' is never closed; add '}'"),
        ("{n, number, ", 0, "this '{' is never closed; add '}'"),
        ("{n, number integer}", 11, "after number comes '}', or a comma and a style"),
        ("{n, number, currency}", 12, "write ::currency/USD"),
        ("{n, number, ::foo}", 12, "number style 'foo' is not known; known are integer"),
        ("{n, number, ::currency/XYZ}", 12, "currency 'XYZ' is not known"),
        ("{n, number, {}}", 12, "a number's style has no braces"),
        ("{n, plural}", 10, "after plural come a comma and its cases"),
        ("{n, plural", 0, "is never closed"),
        ("{n, plural,", 0, "this '{' is never closed"),
        ("{n, plural,}", 0, "plural needs a case 'other'"),
        ("{n, plural, one {a}}", 0, "plural needs a case 'other'"),
        ("{p, select, pro {a}}", 0, "select needs a case 'other'"),
        ("{n, selectordinal, one {a}}", 0, "selectordinal needs a case 'other'"),
        ("{n, plural, uno {a} other {b}}", 12, "case 'uno' is not known; known are zero, one, two"),
        ("{n, plural, =1.5 {a} other {b}}", 12, "case '=1.5' is not known"),
        ("{n, plural, = 1 {a} other {b}}", 12, "case '=' is not known"),
        ("{n, plural, one {a} one {b} other {c}}", 20, "the case 'one' stands here twice"),
        ("{n, plural, one a other {b}}", 16, "after the case 'one' comes its text in braces"),
        ("{n, plural, {a} other {b}}", 12, "a case needs its keyword before the brace"),
        ("{n, plural, one {a", 12, "the text of the case 'one' is never closed"),
        ("{n, plural, one {a}", 0, "this '{' is never closed"),
        ("{n, plural, one", 0, "never closed"),
        ("{n, plural, offset:x other {}}", 19, "an offset is a whole number from 0 to 999"),
        ("{n, plural, offset:-1 other {}}", 19, "an offset is a whole number"),
        ("{n, plural, other {} offset:1 {}}", 21, "case 'offset:1' is not known"),
        ("{p, select, offset:1 other {}}", 12, "case 'offset:1' of a select is letters, digits and _ only"),
        ("{p, select, a-b {x} other {y}}", 12, "case 'a-b' of a select is letters, digits and _ only"),
        ("{n, plural, other {{p, select, other {#}}}}", 38, "means different things to different libraries"),
        ("tell '{name}", 5, "the quotation that begins here never ends"),
        ("{n, plural, other {'#}}", 19, "the quotation that begins here never ends"),
        ("null \0", 5, "a control character or half a character"),
        ("half \ud83d face", 5, "a control character or half a character"),
        ("x" * 2001, 2000, "a template has 2001 characters, must be <= 2000"),
    ],
)
def test_a_fault_names_its_place_and_the_remedy(text: str, position: int, detail: str) -> None:
    with pytest.raises(TemplateFault) as fault:
        parse_template(text)
    assert (fault.value.position, detail in fault.value.detail) == (position, True), fault.value
    assert str(fault.value).startswith(f"character {position} (at «")


def test_a_fault_shows_the_text_around_it() -> None:
    with pytest.raises(TemplateFault) as fault:
        parse_template("Insufficient balance:\nyou have used {usage, foo} of your tier.")
    assert str(fault.value) == (
        "character 44 (at «…u have used {usage, ▸foo} of your tier.»): "
        "format 'foo' is not known; known are number, plural, selectordinal, select"
    )


def test_cases_nest_five_deep_and_no_deeper() -> None:
    def nested(depth: int) -> str:
        return "end" if depth == 0 else f"{{s, select, other {{{nested(depth - 1)}}}}}"

    assert rendered(nested(5), s="x") == "end"
    with pytest.raises(TemplateFault, match="nest more than 5 deep"):
        parse_template(nested(6))


def test_a_select_has_fifty_cases_and_no_more() -> None:
    def cases(count: int) -> str:
        return "{s, select, other {o} " + " ".join(f"c{index} {{x}}" for index in range(count - 1)) + "}"

    assert rendered(cases(50), s="c48") == "x"
    with pytest.raises(TemplateFault, match="select has 51 cases, must be <= 50"):
        parse_template(cases(51))


PIECES = (
    "{",
    "}",
    "'",
    "''",
    "#",
    ",",
    "n",
    "s",
    " ",
    "=1",
    "one",
    "other",
    "plural",
    "select",
    "selectordinal",
    "number",
)
MORE_PIECES = (
    "offset:1",
    "::percent",
    "::.00",
    "::currency/USD",
    "{n}",
    "other {",
    "{n, plural, ",
    "\u0301",
    "\u200f",
    "🇩🇪",
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.lists(st.text())
)


@given(
    st.text() | st.lists(st.sampled_from(PIECES + MORE_PIECES), max_size=30).map("".join),
    st.dictionaries(st.sampled_from(["n", "s"]), VALUES),
)
@example("{n,plural,one{a}other{#'{'}}", {"n": 1.5})
def test_any_text_is_a_template_that_renders_or_a_fault(text: str, arguments: dict[str, Any]) -> None:
    outcome = shown_or_fault(text, arguments)
    if isinstance(outcome, TemplateFault):
        assert 0 <= outcome.position <= min(len(text), LENGTH_BOUND)
    else:
        assert len(outcome) <= OUTPUT_BOUND


def shown_or_fault(text: str, arguments: dict[str, Any]) -> str | TemplateFault:
    """The text shown, "" where an argument is refused, or the fault of the template."""
    try:
        parse_template(text)
    except TemplateFault as fault:
        return fault
    try:
        return rendered(text, **arguments)
    except RenderError:
        return ""


TEXTS = st.text(alphabet="ab #é👍\u200f,|", max_size=6)
LEAVES = TEXTS | st.sampled_from(
    ["{s}", "{n, number}", "{n, number, ::.00}", "{n, number, percent}", "''", "'{'"]
)


@st.composite
def messages(draw: st.DrawFn, depth: int = 3, select: bool = True) -> str:
    """A valid template over the text s and the number n."""
    parts = draw(st.lists(LEAVES, max_size=3))
    if depth:
        keywords = draw(st.lists(st.sampled_from(["one", "few", "=0", "=7"]), unique=True))
        kinds = ["plural", "selectordinal", "plural, offset:1"] + (["select"] if select else [])
        kind = draw(st.sampled_from(kinds))
        if kind == "select":
            keywords = [keyword.replace("=", "k") for keyword in keywords]
        name = "s" if kind == "select" else "n"
        kind = kind if "," in kind else kind + ","
        cases = [f"{word} {{{draw(messages(depth - 1, select=False))}}}" for word in [*keywords, "other"]]
        parts.append(f"{{{name}, {kind} {' '.join(cases)}}}")
    return "".join(parts)


@given(messages(), st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6), TEXTS)
def test_every_valid_template_renders_without_a_placeholder_left(text: str, number: float, name: str) -> None:
    if len(text) > LENGTH_BOUND:
        return
    shown = rendered(text, n=number, s=name)
    assert "}" not in shown
    assert shown.count("{") <= text.count("'{'")
