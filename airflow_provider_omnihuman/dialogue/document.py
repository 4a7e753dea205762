"""A script as plain data: a list or a mapping as it is, YAML or JSON text, or a file of these."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown

__all__ = ["MAX_BYTES", "is_place", "script_document"]

MAX_BYTES = 256 * 1024
"""An hour's dialogue has some fifty kilobytes."""
_BEGINNINGS = ("[", "{", "-")


def is_place(value: Any) -> bool:
    """Whether a value names a file, in S3 or on disk, and is no script itself."""
    return isinstance(value, str) and "\n" not in value.strip() and bool(value.strip()) and value.strip()[0] not in _BEGINNINGS


def script_document(value: Any, *, source: str = "the dialogue's script") -> Any:
    """Return a script as a list or a mapping, not looked into yet.

    :param value: one of these, or its YAML or JSON, as text or bytes
    :param source: what to call it in a message
    :raises InvalidRequestError: it is neither; names the text's line
    """
    if not isinstance(value, str | bytes):
        return value
    if len(value) > MAX_BYTES:
        raise InvalidRequestError(f"{source} is larger than {MAX_BYTES // 1024} KB: make several dialogues of it")
    try:
        text = value.decode("utf-8-sig") if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{source} is not UTF-8, at byte {error.start}", advice="save it as UTF-8") from error
    if not text.strip():
        raise InvalidRequestError(f"{source} is empty")
    document = _parsed(text, source=source)
    if not isinstance(document, list | dict):
        # Of a file, nothing is shown: it may be any that its name leads to.
        what = "" if isinstance(value, bytes) else f" {shown(document)}"
        raise InvalidRequestError(f"{source} must hold a list of lines, not {type(document).__name__}{what}")
    return document


def _parsed(text: str, *, source: str) -> Any:
    import yaml

    with suppress(ValueError, RecursionError):  # all JSON, tabs included, which YAML refuses
        return json.loads(text)
    try:
        return yaml.safe_load(text)
    except RecursionError as error:
        raise InvalidRequestError(f"{source} is nested too deep") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", in line {mark.line + 1} of the text" if mark else ""
        raise InvalidRequestError(
            f"{source} is neither JSON nor YAML{line}: {getattr(error, 'problem', None) or 'a character that it does not allow'}",
            advice="a text with ': ' or ' #' in it must stand in quotes",
        ) from error
