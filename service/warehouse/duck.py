"""A file added up by DuckDB: plain rows in SQL, every other row by the rules that rows are read with."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analysis.columns import MetricColumn, metrics_of
from experiments.analysis.rows import MOST_VARIANTS, Reader
from experiments.errors import InvalidInput
from experiments.model.bins import digits_of
from experiments.model.metric import Metric
from service.warehouse import expressions as sql

if TYPE_CHECKING:
    import duckdb

MEMORY = "128MB"
ROWS_AT_ONCE = 2_000
HASHES_AT_ONCE = 2**22
"""Units are looked at for doubles in parts of about so many: 32 MiB of hashes, copied once."""
LARGEST_NARROW = 3 * 10**9
"""Values up to here, in millionths, have squares below 2⁶³."""
MEMBERS = 16
"""Figures that a metric's sums come in: those of `_members`, and how many are at 0 with something beside."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a variant's plain rows add up to: see `Reader.include`."""

    participants: int
    totals: dict[int, list[int]]
    bins: dict[tuple[int, int], list[int]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the table is like, which decides how it is added up.

    Attributes:
        narrow: The metrics whose values are so small that their products fit 63 bits.
        has_doubles: Whether some unit may have two rows.
    """

    narrow: frozenset[int]
    has_doubles: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A file that DuckDB reads.

    Attributes:
        relation: What stands behind FROM.
        number: The expression of a row's number, from 1 on.
    """

    relation: str
    number: str

    @classmethod
    def parquet(cls, path: str) -> Source:
        """A Parquet file."""
        return cls(f"read_parquet({sql.literal(path)}, file_row_number = true)", "file_row_number + 1")

    @classmethod
    def csv(cls, path: str, *, gzip: bool) -> Source:
        """A CSV file, all of whose values are texts."""
        options = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"'"
        packed = "gzip" if gzip else "none"
        return cls(
            f"read_csv({sql.literal(path)}, {options}, strict_mode = true, compression = '{packed}')",
            "row_number() OVER ()",
        )


class DuckTable:
    """A table that is not read as a whole into memory.

    Args:
        connection: DuckDB's.
        source: Where the table is.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        self._connection, self._source = connection, source
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = {sql.literal(tempfile.gettempdir())}")
        described = connection.execute(f"DESCRIBE SELECT * FROM {source.relation}").fetchall()  # noqa: S608 - quoted above
        self._kinds: dict[str, str] = {row[0]: row[1] for row in described}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [name for name in self._kinds if name != "file_row_number"]

    def read(self, unit: str, variant: str, columns: Sequence[MetricColumn]) -> Reader:
        """All rows, added up by variant: the same sums as if each row had been taken by the reader.

        Raises:
            InvalidInput: The first row at fault, as the reader says it.
        """
        metrics = metrics_of(columns)
        if not all(map(sql.is_summable, metrics)) or any(column.further for column in columns):
            return self._by_rows(unit, variant, columns, metrics)
        names = dict.fromkeys([unit, variant, *(name for column in columns for name in column.columns)])
        relation = self._rated(unit, variant, columns, list(names))
        self._connection.execute("CREATE OR REPLACE TEMP TABLE doubled (h UBIGINT)")
        count, narrow = self._extent(relation, columns)
        has_doubles = self._find_doubles(relation, count)
        reader = Reader(unit, variant, columns, metrics)
        sums = self._sums(relation, columns, metrics, _Shape(narrow, has_doubles))
        try:
            if has_doubles or sum(found.participants for found in sums.values()) < count:
                self._take_others(relation, list(names), reader)
        except InvalidInput:
            if self._has_too_many_variants(relation):
                return self._by_rows(unit, variant, columns, metrics)
            raise
        for key, found in sums.items():
            reader.include(key, found.participants, found.totals, found.bins)
        if len(reader.names) > MOST_VARIANTS:
            return self._by_rows(unit, variant, columns, metrics)
        return reader

    def _by_rows(
        self, unit: str, variant: str, columns: Sequence[MetricColumn], metrics: Sequence[Metric]
    ) -> Reader:
        """Every row taken by the reader: slower, and it keeps all units."""
        names = list(dict.fromkeys([unit, variant, *(name for column in columns for name in column.columns)]))
        reader = Reader(unit, variant, columns, metrics)
        texts = ", ".join(sql.text_of(name, self._kinds[name]) for name in names)
        query = f"SELECT {self._source.number}, {texts} FROM {self._source.relation} ORDER BY 1"  # noqa: S608 - names are quoted
        self._take(query, names, reader)
        return reader

    def _rated(self, unit: str, variant: str, columns: Sequence[MetricColumn], names: Sequence[str]) -> str:
        """The table with hash, variant, outcomes and whether all of a row is plain."""
        kinds = self._kinds
        values, plain = [], [f"{sql.unit_key(unit, kinds[unit])} IS NOT NULL", "v IS NOT NULL"]
        for place, column in enumerate(columns):
            y = sql.outcome(column, kinds[column.column])
            values.append(f"{y.guarded} AS y{place}")
            plain.append(y.plain)
            if column.beside is not None:
                x = sql.beside(column.beside, kinds[column.beside])
                values.append(f"{x.guarded} AS x{place}")
                plain.append(x.plain)
        texts = [f"{sql.text_of(name, kinds[name])} AS t{place}" for place, name in enumerate(names)]
        selected = [
            f"{self._source.number} AS n",
            f"hash({sql.unit_key(unit, kinds[unit])}) AS h",
            f"{sql.stripped(variant, kinds[variant])} AS v",
            f"coalesce({' AND '.join(f'({condition})' for condition in plain)}, FALSE) AS plain",
            *values,
            *texts,
        ]
        return f"(SELECT {', '.join(selected)} FROM {self._source.relation})"  # noqa: S608 - names are quoted

    def _extent(self, relation: str, columns: Sequence[MetricColumn]) -> tuple[int, frozenset[int]]:
        """How many rows there are, and which metrics have values so small that their products fit 63 bits."""
        names = [(place, name) for place, column in enumerate(columns) for name in _names(place, column)]
        largest = ", ".join(["count(*)", *(f"max(abs({name}))" for _, name in names)])
        count, *found = self._connection.execute(f"SELECT {largest} FROM {relation}").fetchall()[0]  # noqa: S608 - ours
        wide = {place for (place, _), most in zip(names, found, strict=True) if (most or 0) > LARGEST_NARROW}
        return count, frozenset(range(len(columns))) - wide

    def _sums(
        self,
        relation: str,
        columns: Sequence[MetricColumn],
        metrics: Sequence[Metric],
        shape: _Shape,
    ) -> dict[str, _Sums]:
        """The sums of all plain rows, by variant."""
        sums: dict[str, _Sums] = {}
        for key, count, *found in self._connection.execute(_totals(relation, columns, shape)).fetchall():
            sums[key] = _Sums(count, {}, {})
            for place, start in enumerate(range(0, len(found), MEMBERS)):
                sums[key].totals[place] = _members(found[start : start + MEMBERS])
                sums[key].bins[place, 0] = [found[start + MEMBERS - 1], *sums[key].totals[place]]
        for place, digits in enumerate(map(digits_of, metrics)):
            self._fill_bins(relation, columns, place, digits, sums, shape)
        return sums

    def _fill_bins(
        self,
        relation: str,
        columns: Sequence[MetricColumn],
        place: int,
        digits: int | None,
        sums: Mapping[str, _Sums],
        shape: _Shape,
    ) -> None:
        """The bins of one metric: those of values in SQL; that of 0 holds the rest of the totals."""
        if digits is not None:
            query = _binned(relation, columns[place], place, digits, shape)
            for key, edge, count, *found in self._connection.execute(query).fetchall():
                members = _members(found)
                sums[key].bins[place, edge] = [count, *members]
                nothing = sums[key].bins[place, 0]
                nothing[1:] = [a - b for a, b in zip(nothing[1:], members, strict=True)]
        for one in sums.values():
            if digits is None or not one.bins[place, 0][0]:
                del one.bins[place, 0]

    def _find_doubles(self, relation: str, count: int) -> bool:
        """Whether more than one row has one hash; such hashes are put into a table, part by part."""
        found = False
        parts = 1 << max(0, count // HASHES_AT_ONCE).bit_length()
        for part in range(parts):
            query = f"SELECT h FROM {relation} WHERE h & {parts - 1} = {part}"  # noqa: S608 - ours
            hashes = np.asarray(self._connection.execute(query).fetchnumpy()["h"])
            hashes.sort()
            doubled = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
            if len(doubled):
                found = True
                self._connection.execute(
                    "INSERT INTO doubled SELECT unnest(?::UBIGINT[])", [doubled.tolist()]
                )
        return found

    def _take_others(self, relation: str, names: Sequence[str], reader: Reader) -> None:
        """The reader takes the rows that are not plain, and all rows of units that may have two."""
        texts = ", ".join(f"t{place}" for place in range(len(names)))
        query = (
            f"SELECT n, {texts} FROM {relation} "  # noqa: S608 - ours
            "WHERE NOT plain OR h IN (SELECT h FROM doubled) ORDER BY n"
        )
        self._take(query, names, reader)

    def _take(self, query: str, names: Sequence[str], reader: Reader) -> None:
        found = self._connection.execute(query)
        while rows := found.fetchmany(ROWS_AT_ONCE):
            for number, *texts in rows:
                reader.take(number, dict(zip(names, texts, strict=True)))

    def _has_too_many_variants(self, relation: str) -> bool:
        query = f"SELECT DISTINCT v FROM {relation} WHERE v IS NOT NULL LIMIT {MOST_VARIANTS + 1}"  # noqa: S608 - ours
        return len(self._connection.execute(query).fetchall()) > MOST_VARIANTS


def _totals(relation: str, columns: Sequence[MetricColumn], shape: _Shape) -> str:
    """The query for the participants of each variant, and the sums of all metrics."""
    sums = [
        one
        for place, column in enumerate(columns)
        for one in _summed(place, column, is_narrow=place in shape.narrow)
    ]
    halves = [
        one
        for place, column in enumerate(columns)
        if place not in shape.narrow
        for one in _halves(place, column)
    ]
    selected = ", ".join(["v", "count(*)", *sums])
    rows = _plain_rows(relation, halves, has_doubles=shape.has_doubles)
    return f"SELECT {selected} FROM {rows} GROUP BY v ORDER BY v"  # noqa: S608 - ours


def _binned(relation: str, column: MetricColumn, place: int, digits: int, shape: _Shape) -> str:
    """The query for the sums of one metric by variant and bin, of those who are not at 0."""
    is_narrow = place in shape.narrow
    halves = [*([] if is_narrow else _halves(place, column)), f"{sql.edge(f'y{place}', digits)} AS edge"]
    selected = ", ".join(["v", "edge", "count(*)", *_summed(place, column, is_narrow=is_narrow)])
    return (
        f"SELECT {selected} FROM {_plain_rows(relation, halves, has_doubles=shape.has_doubles)} "  # noqa: S608 - ours
        f"WHERE y{place} <> 0 GROUP BY v, edge ORDER BY v, edge"
    )


def _plain_rows(relation: str, further: Sequence[str], *, has_doubles: bool) -> str:
    """The rows that SQL adds up, with further expressions."""
    doubled = " AND h NOT IN (SELECT h FROM doubled)" if has_doubles else ""  # a hash costs as much as a sum
    return (
        f"(SELECT {', '.join(['*', *further])} FROM {relation} "  # noqa: S608 - ours
        f"WHERE plain{doubled})"
    )


def _halves(place: int, column: MetricColumn) -> list[str]:
    """Both parts of a metric's values."""
    parts = [(f"{name} // {sql.LIMB}", f"{name} % {sql.LIMB}", name) for name in _names(place, column)]
    return [text for high, low, name in parts for text in (f"{high} AS {name}a", f"{low} AS {name}b")]


def _names(place: int, column: MetricColumn) -> list[str]:
    """What a metric's values are called in the rated table."""
    return [f"y{place}"] if column.beside is None else [f"y{place}", f"x{place}"]


def _summed(place: int, column: MetricColumn, *, is_narrow: bool) -> list[str]:
    """The sums of a metric, as `_members` reads them."""
    x, y = f"x{place}", f"y{place}"
    product = _narrow_product if is_narrow else _product
    beside, only_beside = ["0"] * 9, "0"
    if column.beside is not None:
        beside = [f"sum({x})", *product(x, x), *product(x, y)]
        only_beside = f"count(*) FILTER (WHERE {y} = 0 AND {x} <> 0)"
    return [f"sum({y})", *product(y, y), *beside, f"count(*) FILTER (WHERE {y} <> 0)", only_beside]


def _narrow_product(x: str, y: str) -> list[str]:
    """The same as `_product` where the product of two values fits: the sum is added in 128 bits exactly."""
    return ["0", "0", "0", f"sum({x} * {y})"]


def _product(x: str, y: str) -> list[str]:
    """Sums of the four products of two values' parts."""
    return [f"sum({x}{a} * {y}{b})" for a in "ab" for b in "ab"]


def _members(found: Sequence[Any]) -> list[int]:
    """The sums of y, y², x, x², x y and the number of events."""
    y, y_squares, x = found[0], found[1:5], found[5]
    x_squares, cross, events = found[6:10], found[10:14], found[14]
    return [int(y), _joined(y_squares), int(x), _joined(x_squares), _joined(cross), int(events)]


def _joined(parts: Sequence[Any]) -> int:
    high, left, right, low = map(int, parts)
    return high * sql.LIMB**2 + (left + right) * sql.LIMB + low
