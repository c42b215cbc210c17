"""Which engine adds up a table: rows one by one for CSV, DuckDB for Parquet and wherever it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from service.cli.console import progress
from service.cli.table_file import GZIP, PARQUET, check_column, open_table, start_of

if TYPE_CHECKING:
    from experiments.analysis.columns import MetricColumn
    from experiments.analysis.rows import Reader
    from service.warehouse.duck import DuckTable

ENGINES = ("duckdb", "postgres", "spark")


def read_table(
    source: str, unit: str, variant: str, columns: Sequence[MetricColumn], engine: str | None
) -> Reader:
    """The table's rows, added up by variant.

    Raises:
        click.UsageError: The engine is not available, or cannot read this.
        click.ClickException: The file cannot be read.
        InvalidInput: A row is at fault.
    """
    if engine in ("postgres", "spark"):
        raise click.UsageError(
            f"--engine {engine} is not available yet; export the table as Parquet, which duckdb reads."
        )
    start = b"" if source == "-" or "://" in source else start_of(source)
    if start == PARQUET or engine == "duckdb":
        return _by_duckdb(source, start, unit, variant, columns)
    return _by_rows(source, unit, variant, columns)


def _by_rows(source: str, unit: str, variant: str, columns: Sequence[MetricColumn]) -> Reader:
    from experiments.analysis.table import read_rows

    with open_table(source) as table:
        names = (name for column in columns for name in column.columns)
        return read_rows(table.rows(unit, variant, *names), unit, variant, columns)


def _by_duckdb(source: str, start: bytes, unit: str, variant: str, columns: Sequence[MetricColumn]) -> Reader:
    if source == "-" or "://" in source:
        raise click.UsageError("DuckDB reads files; standard input and databases are not available to it.")
    with _duckdb_table(source, start) as table, progress(f"Reading {source}", None):
        for name in (unit, variant, *(name for column in columns for name in column.columns)):
            check_column(source, name, table.columns)
        return table.read(unit, variant, columns)


@contextmanager
def _duckdb_table(source: str, start: bytes) -> Iterator[DuckTable]:
    try:
        import duckdb
    except ImportError:
        raise click.UsageError(
            "Parquet is read by DuckDB, which is not installed: pip install 'keepgoing[warehouse]'."
        ) from None
    from service.warehouse.duck import DuckTable, Source

    is_parquet, is_gzip = start == PARQUET, start.startswith(GZIP)
    file = Source.parquet(source) if is_parquet else Source.csv(source, gzip=is_gzip)
    try:
        with duckdb.connect() as connection:
            yield DuckTable(connection, file)
    except duckdb.Error as error:
        said = str(error).partition("\n")[0]
        raise click.ClickException(f"{source} cannot be read by DuckDB: {said}") from None
