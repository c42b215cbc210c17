from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import InvalidInput
from experiments.model.loading import MAX_BYTES, parse, parse_json, parse_yaml


def refusal(document: str | bytes, name: str = "definitions.yaml") -> str:
    with pytest.raises(InvalidInput) as refused:
        parse(document, name=name)
    (fault,) = refused.value.faults
    assert fault.pointer == ""
    return fault.detail


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("true", True),
        ("FALSE", False),
        ("2026-12-31", "2026-12-31"),
        ("2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z"),
        ("12:30", "12:30"),
        ("010", 10),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("-3", -3),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'1'", "1"),
        ('"a\\nb"', "a\nb"),
    ],
)
def test_a_plain_value_of_yaml_means_what_a_reader_takes_it_to_mean(text: str, value: object) -> None:
    found = parse_yaml(f"a: {text}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_a_norwegian_message_keeps_its_locale() -> None:
    assert parse_yaml("message: {no: Hei}") == {"message": {"no": "Hei"}}


def test_json_is_read_by_its_name_and_yaml_by_any_other() -> None:
    assert parse('{"a": 1}', name="a.JSON") == {"a": 1}
    assert parse(b"\xef\xbb\xbfa: 1", name="a.yml") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' stands twice"),
        ("a:\n  - x: 1\n    x: 2", "line 3, column 5: the key 'x' stands twice"),
        ("a: [1, 2", "line 2, column 1"),
        ("a: b: c", "line 1, column 5"),
        ("\ta: 1", "line 1, column 1"),
        ("1: a", "line 1, column 1: the key 1 is a whole number"),
        ("true: a", "line 1, column 1: the key True"),
        ("[a]: b", "line 1, column 1: the key a list"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4: the tag"),
        ("a: !secret x", "line 1, column 4: the tag"),
        ("a: !!binary aGk=", "line 1, column 4: the tag"),
        ("a: !!int many", "line 1, column 4: 'many' is no number"),
        ("a: &x {b: 1}\nc: {<<: *x}", "line 2, column 5: merge keys"),
        ("a: *nowhere", "line 1, column 4"),
        ("a: " + "9" * 5000, "line 1, column 4: a number has 5000 digits"),
        ("--- a\n--- b", "line 2, column 1"),
        ("a: &x [*x]", "line 1"),
    ],
)
def test_a_fault_of_yaml_names_line_and_column(text: str, place: str) -> None:
    assert refusal(text).startswith(place)


def test_text_that_no_yaml_may_hold_is_refused() -> None:
    assert "not allowed" in refusal("a: \x00")


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_too_large_a_document_is_not_even_read(name: str) -> None:
    assert (
        refusal("[" + " " * MAX_BYTES + "]", name)
        == f"has {MAX_BYTES + 2} bytes, must have at most {MAX_BYTES}"
    )


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_bytes_that_are_not_utf_8_are_refused(name: str) -> None:
    assert refusal(b"a: \xff", name).startswith("byte 3 is not UTF-8")


def test_yaml_may_not_be_deep() -> None:
    assert "more than 32 levels" in refusal("[" * 40 + "]" * 40)


def test_deep_json_is_refused_and_not_the_end_of_the_process() -> None:
    assert "nested" in refusal("[" * 200_000, "a.json")


def test_the_billion_laughs_are_not_heard() -> None:
    lines = ["a0: &a0 [ha, ha]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "more than 20 aliases" in refusal("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object; remove one"),
        ('{"a": NaN}', "NaN is no number in JSON; leave the member out"),
        ('{"a": -Infinity}', "-Infinity is no number in JSON; leave the member out"),
        ('{"a": 1,\n "b": }', "line 2, column 7: Expecting value"),
        ('{"a": ' + "9" * 5000 + "}", "a number has 5000 digits, must have at most 100"),
    ],
)
def test_a_fault_of_json_says_what_to_do(text: str, detail: str) -> None:
    assert refusal(text, "a.json") == detail


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_VALUES)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


@given(
    st.dictionaries(
        st.text(alphabet="abyesnoff0123.-:T~"), st.text(alphabet="abyesnoff0123.-:T~"), max_size=4
    )
)
def test_text_that_is_quoted_stays_text_whatever_it_looks_like(value: dict[str, str]) -> None:
    assert parse_yaml(yaml.safe_dump(value, default_style='"')) == value


def read_or_refused(text: str) -> object:
    try:
        return parse_yaml(text)
    except InvalidInput as refused:
        return refused.faults[0].detail


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)  # any other error than InvalidInput ends the test
