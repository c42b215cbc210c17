"""A CSV file, plain or gzip, or standard input, read row by row with a progress bar by its bytes."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from service.cli.console import Advance, progress

GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
LONGEST_FIELD = 1_000_000


class Table:
    """The rows of an open table.

    Args:
        name: How errors call it.
        text: Its lines, from the heading on.
    """

    def __init__(self, name: str, text: io.TextIOBase) -> None:
        self._name = name
        self._reader = csv.reader(text, strict=True)

    def rows(self, *columns: str) -> Iterator[dict[str, str]]:
        """Each row, column to text, with these columns alone.

        Raises:
            click.UsageError: The table lacks a column, or has it twice.
            click.ClickException: A row has too many or too few cells, or the file cannot be read.
        """
        with self._readable():
            heading = next(self._reader, [])
            places = [(name, self._place(name, heading)) for name in dict.fromkeys(columns)]
            for number, row in enumerate(filter(None, self._reader), start=1):
                if len(row) != len(heading):
                    raise click.ClickException(self._ragged(number, row, heading))
                yield {name: row[place] for name, place in places}

    def _place(self, column: str, heading: list[str]) -> int:
        if not heading:
            raise click.ClickException(f"{self._name} is empty: its first line must name the columns.")
        check_column(self._name, column, heading)
        return heading.index(column)

    def _ragged(self, number: int, row: list[str], heading: list[str]) -> str:
        return (
            f"Row {number} (line {self._reader.line_num}) of {self._name} has {len(row)} cells, the heading "
            f"{len(heading)}; check its commas and quotes."
        )

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turns what reading may raise into words."""
        try:
            yield
        except UnicodeDecodeError as error:
            raise click.ClickException(
                f"{self._name} is not UTF-8 ({error.reason}); save it as UTF-8."
            ) from None
        except csv.Error as error:
            line = self._reader.line_num
            raise click.ClickException(f"Line {line} of {self._name} is no CSV: {error}.") from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise click.ClickException(f"{self._name} is a damaged gzip file: {error}.") from None


def check_column(table: str, column: str, heading: Sequence[str]) -> None:
    """Nothing, where a table has the column once.

    Raises:
        click.UsageError: It lacks the column, or has it twice.
    """
    if heading.count(column) != 1:
        known = ", ".join(repr(name) for name in heading[:50])
        state = "more than one column" if column in heading else "no column"
        raise click.UsageError(f"{table} has {state} {column!r}; it has {known}.")


def start_of(source: str) -> bytes:
    """The first four bytes of a file.

    Raises:
        click.ClickException: It cannot be opened.
    """
    with _opened(source) as file:
        return file.read(4)


class _Counted(io.RawIOBase):
    """A file that says how many bytes have been read of it."""

    def __init__(self, file: BinaryIO, advance: Advance) -> None:
        self._file, self._advance = file, advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants any buffer
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._advance(len(data))
        return len(data)


@contextmanager
def open_table(source: str) -> Iterator[Table]:
    """The table in a file, or on standard input for `-`.

    Raises:
        click.UsageError: It is something that is not available yet.
        click.ClickException: The file cannot be opened.
    """
    if "://" in source:
        raise click.UsageError("Tables of databases are not available yet; export the table as CSV.")
    name, size = ("standard input", None) if source == "-" else (source, _size(source))
    with _opened(source) as file, progress(f"Reading {name}", size) as advance:
        plain = io.BufferedReader(_Counted(file, advance), 1 << 16)
        start = plain.peek(4)[:4]
        if start == PARQUET:
            raise click.UsageError("Parquet is not read from standard input; name the file.")
        raw = gzip.GzipFile(fileobj=plain) if start.startswith(GZIP) else plain
        csv.field_size_limit(LONGEST_FIELD)
        with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            yield Table(name, text)


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - closed below, where reading errors are not taken for ours
    except OSError as error:
        raise click.ClickException(f"{source} cannot be opened: {error.strerror}.") from None
    with file:
        yield file


def _size(source: str) -> int | None:
    try:
        return Path(source).stat().st_size
    except OSError:
        return None  # opening it will say why
