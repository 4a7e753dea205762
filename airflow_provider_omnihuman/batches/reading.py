"""From bytes to rows: the encoding, and which format it is."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.batches.csv_rows import csv_rows
from airflow_provider_omnihuman.batches.json_rows import json_rows
from airflow_provider_omnihuman.batches.rows import Row

__all__ = ["MAX_FILE_BYTES", "decoded", "rows_of_text"]

MAX_FILE_BYTES = 8 * 1024 * 1024
"""Airflow maps over a thousand rows: a larger file is not one of scripts."""

_CSV, _JSON = ("csv", "tsv"), ("jsonl", "ndjson", "json")
_FORMATS = {"csv": csv_rows, "json": json_rows}


def decoded(data: bytes, *, encoding: str | None = None, what: str) -> str:
    """Return the text of a file.

    :param data: the file
    :param encoding: None for UTF-8, and for UTF-16 with a byte order mark, as spreadsheets write "Unicode text"
    :param what: what to call it in a message
    :raises InvalidRequestError: names the byte that is wrong, and its line
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    name = encoding or ("utf-16" if wide else "utf-8")
    try:
        return data.decode(name).removeprefix("\ufeff")
    except LookupError as error:
        raise InvalidRequestError(f"there is no encoding {name!r}", advice="utf-8, gb18030 and cp1252 are some") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidRequestError(
            f"{what} is not {error.encoding.upper()}: byte 0x{data[error.start]:02x} in line {line}",
            advice="save it as 'CSV UTF-8', or name its encoding, such as encoding='gb18030'",
        ) from error


def rows_of_text(text: str, *, table_format: str | None = None, header: Sequence[str] | None = None, what: str) -> Iterator[Row]:
    """Yield the rows of a file.

    :param text: its content
    :param table_format: ``csv`` or ``jsonl``; None: by the ending of its name, or else by its first character
    :param header: the names of the columns, where the file does not name them
    :param what: its name
    :raises InvalidRequestError: there is no such format, or the file as a whole is wrong
    """
    return _FORMATS[_format(text, table_format, what)](text, header=header, what=what)


def _format(text: str, wanted: str | None, name: str) -> str:
    ending = (wanted or name.partition("?")[0].rpartition(".")[2]).lower()
    if ending in _CSV:
        return "csv"
    if ending in _JSON:
        return "json"
    if wanted:
        raise InvalidRequestError(f"there is no format {wanted!r}", advice=f"use one of {', '.join((*_CSV, *_JSON))}")
    return "json" if text.lstrip().startswith(("{", "[")) else "csv"
