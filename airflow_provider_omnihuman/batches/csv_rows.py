"""Rows from CSV text: quoted line breaks, spreadsheets' delimiters, and no row lost for another one's sake."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.batches.rows import Row, check_header, row_of_values

__all__ = ["csv_rows"]

_DELIMITERS = ",;\t"
"""Spreadsheets write the second where the comma is the decimal sign, and the third as "Unicode text"."""


_NEVER_CLOSED = ("unexpected end of data", "field larger than field limit")
"""What Python's reader says at the end of a small file, and of a large one: a text of 128 KB is many rows."""


def csv_rows(text: str, *, header: Sequence[str] | None = None, what: str = "the CSV") -> Iterator[Row]:
    """Yield the rows of a table; one that cannot be read is yielded with its problem.

    The delimiter is the comma, or else the semicolon or tab that the first line has. Lines without any value are passed over.

    :param text: without a byte order mark
    :param header: the names of the columns, where the first line is a row already
    :param what: what to call it in a message
    :raises InvalidRequestError: it has no header, or a quoted text that never ends
    """
    records = _records(text, what=what)
    if header is None:
        first = next((values for _, values, _ in records if _says_something(values)), None)
        if first is None:
            raise InvalidRequestError(f"{what} is empty: it has no header", advice="let its first line name the columns")
        header = first
    names = check_header(header, what=what)
    number = 0
    for line, values, problem in records:
        if problem or _says_something(values):
            number += 1
            yield Row(number, line=line, problem=problem) if problem else row_of_values(values, names, number=number, line=line)


def _records(text: str, *, what: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield line, values and problem of each record."""
    # newline="": line ends inside quotes stay as they are, and a lone carriage return ends a line, too.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            values, problem = next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            if any(sign in str(error) for sign in _NEVER_CLOSED):
                # All that follows is inside of it: rows are lost, and nobody knows how many.
                told = f"{what} has a quoted text that never ends, which begins in line {line} or after it"
                raise InvalidRequestError(told, advice="close the quotes, and double those that are part of a text") from error
            values, problem = [], f"it is no CSV ({error}): double the quotes that are part of a text"
        yield line, values, problem


def _delimiter(text: str) -> str:
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    unquoted = "".join(first.split('"')[::2])
    return next((sign for sign in _DELIMITERS if sign in unquoted), ",")


def _says_something(values: list[Any]) -> bool:
    return any(value.strip() for value in values)
