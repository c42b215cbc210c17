"""DuckDB gives what the row reader gives: the same sums to the last digit, or the same fault."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.analysis.columns import MetricColumn
from experiments.analysis.rows import Reader
from experiments.analysis.table import read_rows
from experiments.errors import InvalidInput
from service.warehouse.duck import DuckTable, Source

COLUMNS = [
    MetricColumn.parsed(text)
    for text in (
        "bought=conversion:bought,covariate=before",
        "spent=mean:spent,covariate=before",
        "share=ratio:spent,denominator=visits",
        "typical=quantile:spent,quantile=0.9",
    )
]
NAMES = ("user", "group", "bought", "spent", "before", "visits")
TYPES = {"user": "BIGINT", "group": "VARCHAR", "bought": "INTEGER"}
Row = tuple[Any, ...]
Answer = tuple[Any, ...] | list[str]


def answer_of(read: Any) -> Answer:
    """What a way of reading gives: names, cells and bins; or the faults that it names."""
    try:
        reader: Reader = read()
    except InvalidInput as invalid:
        return [fault.detail for fault in invalid.faults]
    return reader.names, reader.cells(), reader.bins()


def both(rows: Sequence[Row], types: dict[str, str], file: Path) -> tuple[Answer, Answer]:
    """The answers of DuckDB and of the row reader, of a Parquet file with these columns."""
    with duckdb.connect() as connection:
        declared = ", ".join(f'"{name}" {types.get(name, "DOUBLE")}' for name in NAMES)
        connection.execute(f"CREATE TABLE made ({declared})")
        marks = ", ".join("?" * len(NAMES))
        for row in rows:
            connection.execute(f"INSERT INTO made VALUES ({marks})", list(row))
        connection.execute(f"COPY made TO '{file}' (FORMAT parquet)")
        texts = ", ".join(f'"{name}"::VARCHAR' for name in NAMES)
        written = connection.execute(f"SELECT {texts} FROM made").fetchall()
        table = DuckTable(connection, Source.parquet(str(file)))
        fast = answer_of(lambda: table.read("user", "group", COLUMNS))
    as_texts = (dict(zip(NAMES, row, strict=True)) for row in written)
    return fast, answer_of(lambda: read_rows(as_texts, "user", "group", COLUMNS))


sound = st.floats(-1e12, 1e12) | st.integers(-(10**9), 10**9).map(lambda n: n / 1e7) | st.just(0.0)
number = st.one_of(*[sound] * 12, st.sampled_from([None, float("nan"), float("inf"), 2e12, 5e-7, 1.5e-6]))
made_up_rows = st.lists(
    st.tuples(
        st.integers(0, 10**6) | st.integers(0, 30),
        st.sampled_from(["a", "b", "b ", "c"]),
        st.sampled_from([0, 1] * 8 + [2]),
        number,
        number,
        st.floats(0, 1e6),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of this module write their table, one after the other."""
    return tmp_path_factory.mktemp("tables") / "table.parquet"


@settings(max_examples=60, deadline=None)
@given(rows=made_up_rows)
def test_random_tables_with_faults_give_the_same_sums_or_the_same_fault(rows: list[Row], file: Path) -> None:
    fast, slow = both(rows, TYPES, file)
    assert fast == slow


written_number = st.sampled_from(
    ["1", "-2.5", " 3 ", "1e3", "0.0000005", "0.1234565", "yes", "1_000", "", "x"]
)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["u1", " u1", "u2", "u2\u2003", "u3", "ü4", "", "5", "6", "7", "8"]),
            st.sampled_from(["a", " a", "b"]),
            st.sampled_from(["1", "0", "TRUE", "No", "1.0"]),
            *[st.sampled_from(["1", "2.5", "0"]) | written_number] * 3,
        ),
        max_size=8,
    )
)
def test_texts_are_understood_as_the_row_reader_does(rows: list[Row], file: Path) -> None:
    fast, slow = both(rows, dict.fromkeys(NAMES, "VARCHAR"), file)
    assert fast == slow


@pytest.mark.parametrize(
    "types",
    [
        {"bought": "BOOLEAN", "spent": "DECIMAL(12, 2)", "before": "BOOLEAN", "visits": "UTINYINT"},
        {"bought": "DOUBLE", "spent": "FLOAT", "before": "DECIMAL(20, 9)", "visits": "HUGEINT"},
        {"user": "DOUBLE", "bought": "DECIMAL(2, 0)", "before": "UBIGINT"},
    ],
)
def test_other_types_of_columns_give_the_same(types: dict[str, str], file: Path) -> None:
    rows = [(n, "ab"[n % 2], n % 3 == 0, n % 9 + 0.25, n % 2, n % 7) for n in range(60)]
    fast, slow = both(rows, {"user": "BIGINT", "group": "VARCHAR", **types}, file)
    assert fast == slow
    assert not isinstance(fast, list)


def test_the_sums_are_exact_where_a_float_would_not_hold_them(file: Path) -> None:
    rows = [(n, "ab"[n % 2], 1, 99_999_999.99, 99_999_999.99, 1.0) for n in range(4_000)]
    fast, slow = both(rows, TYPES, file)
    assert fast == slow
    assert not isinstance(fast, list)
    spent = next(tally for cell, tally in fast[1] if cell.metric == "spent")
    assert spent.squares == 2_000 * 99_999_999_990_000**2


def test_units_of_two_variants_are_crossed_and_a_second_row_of_one_variant_is_refused(file: Path) -> None:
    rows: list[Row] = [(n, "ab"[n % 2], 0, 1.5, 2.0, 1.0) for n in range(500)]
    crossed, slow = both([*rows, (4, "b", 1, 1.0, 1.0, 1.0), (4, "b", 1, 1.0, 1.0, 1.0)], TYPES, file)
    assert crossed == slow
    assert sum(tally.n for cell, tally in crossed[1] if cell.crossed and not cell.metric) == 1
    refused, _ = both([*rows, (4, "a", 1, 1.0, 1.0, 1.0)], TYPES, file)
    assert refused == ["Row 501: unit '4' is in row 5 too; a table has one row a unit."]


@pytest.mark.parametrize("faulty", [5, 29])
def test_too_many_variants_are_refused_at_the_row_where_it_is_seen(faulty: int, file: Path) -> None:
    rows: list[Row] = [(n, f"v{n}", 2 if n == faulty else 1, 1.0, 1.0, 1.0) for n in range(30)]
    fast, slow = both(rows, TYPES, file)
    assert fast == slow
    assert ("over 20 values" in fast[0]) == (faulty == 29)


def test_a_csv_file_gives_the_same_by_either_way(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    rows = [(f"u{n}", "ab"[n % 2], n % 2, f"{n % 7}.25", n % 5, '"1"'[1]) for n in range(300)]
    with file.open("w", newline="", encoding="utf-8") as text:
        csv.writer(text).writerows([NAMES, *rows])
    with duckdb.connect() as connection:
        table = DuckTable(connection, Source.csv(str(file), gzip=False))
        fast = answer_of(lambda: table.read("user", "group", COLUMNS))
    as_texts = (dict(zip(NAMES, map(str, row), strict=True)) for row in rows)
    assert fast == answer_of(lambda: read_rows(as_texts, "user", "group", COLUMNS))
