"""Rows from JSON Lines, one object a line, or from a JSON list of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.batches.rows import Row, check_header, row_of_mapping, row_of_values

__all__ = ["json_rows", "rows_of"]


def json_rows(text: str, *, header: Sequence[str] | None = None, what: str = "the JSON") -> Iterator[Row]:
    """Yield the rows of a document; a line that is no row is yielded with its problem.

    :param text: JSON Lines, or one JSON list
    :param header: the names of the columns, where rows are lists of values
    :param what: what to call it in a message
    :raises InvalidRequestError: it is a list that cannot be read
    """
    if text.lstrip().startswith("[") and (whole := _whole_list(text, what=what, lists_are_rows=header is not None)) is not None:
        yield from rows_of(whole, header=header, what=what)
        return
    number = 0
    for line, content in enumerate(text.split("\n"), start=1):  # and at nothing else: JSON texts may hold other line ends
        if not content.strip():
            continue
        number += 1
        try:
            value = _parsed(content)
        except (ValueError, RecursionError) as error:
            yield Row(number, line=line, problem=f"it is no JSON object ({error})")
        else:
            yield _row_of(value, number=number, line=line, header=header)


def rows_of(values: Sequence[Any], *, header: Sequence[str] | None = None, what: str = "rows") -> Iterator[Row]:
    """Yield the rows of a list: mappings, or sequences of values in the order of a header, as queries return them.

    :param values: one for each row; a single mapping is one row
    :param header: the names of the columns, where rows are sequences
    :param what: what to call it in a message
    :raises InvalidRequestError: it is no list
    """
    if isinstance(values, Mapping):  # of a mapped task that ran once, Airflow 3.3 gives what it returned without a list
        values = [values]
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise InvalidRequestError(f"{what} must be a list of rows, not {type(values).__name__} {shown(values)}")
    names = None if header is None else check_header(header, what=what)
    for number, value in enumerate(values, start=1):
        yield _row_of(value, number=number, line=None, header=names)


def _row_of(value: Any, *, number: int, line: int | None, header: Sequence[str] | None) -> Row:
    if isinstance(value, Mapping):
        return row_of_mapping(value, number=number, line=line)
    if not isinstance(value, list | tuple):
        return Row(number, line=line, problem=f"it is {shown(value)}, not a mapping of columns to values")
    if header is None:
        return Row(number, line=line, problem="it is a list of values, and no header= names its columns")
    return row_of_values(value, check_header(header, what="header"), number=number, line=line)


def _whole_list(text: str, *, what: str, lists_are_rows: bool) -> list[Any] | None:
    """Return the list that the text is; None where it is rather lines of lists."""
    try:
        whole = _parsed(text)
    except (ValueError, RecursionError) as error:
        if lists_are_rows:
            return None
        raise InvalidRequestError(f"{what} begins with a list, and is none that can be read: {error}") from error
    if lists_are_rows and not all(isinstance(value, list | dict) for value in whole):
        return None
    return list(whole)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
