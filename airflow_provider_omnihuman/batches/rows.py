"""A row of a batch as it was read: its cells by column, or what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown

__all__ = ["Row", "check_header", "is_empty", "limited", "row_of_mapping", "row_of_values"]

_NUL = "\x00"
"""PostgreSQL takes it in no JSON, and so Airflow in no XCom."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    :param number: its place among the rows, from 1; the header is none of them
    :param cells: its values by column; what is empty is there, too
    :param line: of the file, from 1, where it begins; None where there are no lines
    :param problem: why it cannot be used; empty where it can
    """

    number: int
    cells: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return f"row {self.number}" + (f" (line {self.line})" if self.line else "")


def check_header(names: Sequence[Any], *, what: str) -> tuple[str, ...]:
    """Return the names of columns, trimmed.

    :param names: of the columns, in order; one may be empty, where all cells of the column are
    :param what: whose they are, for the message
    :raises InvalidRequestError: there are none, two are the same, or they are no list
    """
    if isinstance(names, str | Mapping):
        raise InvalidRequestError(f"header must be a list of names, not {type(names).__name__} {shown(names)}")
    header = tuple("" if name is None else str(name).strip() for name in names)
    if not any(header):
        raise InvalidRequestError(
            f"{what} has no header", advice="let its first line name the columns, or name them with header="
        )
    double = sorted({name for name in header if name and header.count(name) > 1})
    if double:
        raise InvalidRequestError(
            f"{what} has two columns of the name {', '.join(map(repr, double))}", advice="rename one of them"
        )
    return header


def row_of_values(values: Sequence[Any], header: Sequence[str], *, number: int, line: int | None = None) -> Row:
    """Return the row that has these values in the order of the header.

    :param values: the cells
    :param header: as of :func:`check_header`
    :param number: of the row
    :param line: of the file
    """
    if len(values) != len(header):
        broken = "comma" if len(values) > len(header) else "line break"
        told = (
            f"it has {_cells(len(values))}, and the header names {len(header)}: a {broken} inside a text needs quotes around it"
        )
        return Row(number, line=line, problem=told)
    nameless = [value for name, value in zip(header, values, strict=True) if not name and not is_empty(value)]
    if nameless:
        return Row(number, line=line, problem=f"the value {shown(nameless[0])} is in a column that has no name in the header")
    return row_of_mapping({name: value for name, value in zip(header, values, strict=True) if name}, number=number, line=line)


def row_of_mapping(cells: Mapping[Any, Any], *, number: int, line: int | None = None) -> Row:
    """Return the row that has these cells, each as plain JSON data.

    :param cells: values by column
    :param number: of the row
    :param line: of the file
    """
    plain = {}
    for column, value in cells.items():
        try:
            plain[_sound(str(column)).strip()] = _plain(value)
        except (ValueError, RecursionError) as error:
            return Row(number, line=line, problem=f"column {shown(column)}: {error}")
    return Row(number, plain, line)


def limited(rows: Iterable[Row], max_rows: int, *, what: str) -> Iterator[Row]:
    """Yield rows; refuse the first that is too many.

    :param rows: as they are read
    :param max_rows: so many
    :param what: where they come from, for the message
    :raises InvalidRequestError: says what the limit is
    """
    for row in rows:
        if row.number > max_rows:
            raise InvalidRequestError(
                f"{what} has more than {max_rows} rows",
                advice="Airflow maps over no more ([core] max_map_length): cut it into several batches, or raise that option",
            )
        yield row


def is_empty(value: Any) -> bool:
    """Whether a cell says nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what a database returns beside that becomes text."""
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_sound(str(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        raise ValueError(f"{value} is no number")
    return value if value is None or isinstance(value, bool | int | float) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | time):  # a datetime is a date, too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(f"a {type(value).__name__} is no value that a row can have")


def _sound(text: str) -> str:
    """Return text that any database and any engine takes."""
    if _NUL in text:
        raise ValueError(f"{shown(text)} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{shown(text)} holds half of a character") from error
    return text


def _cells(count: int) -> str:
    return f"{count} cell" + ("" if count == 1 else "s")
