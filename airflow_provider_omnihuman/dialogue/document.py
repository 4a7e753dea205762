"""A script as plain data: a list or a mapping as it is, YAML or JSON text, or a file of these."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.presenters.document import each_key_once, strict_loader

__all__ = ["MAX_BYTES", "is_place", "script_document"]

MAX_BYTES = 256 * 1024
"""An hour's dialogue has some fifty kilobytes."""
_BEGINNINGS = ("[", "{", "-")


def is_place(value: Any) -> bool:
    """Whether a value names a file, in S3 or on disk, and is no script itself."""
    text = value.strip() if isinstance(value, str) else ""
    return bool(text) and not any(sign in text for sign in ("\n", ": ")) and not text.startswith(_BEGINNINGS)


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
        return json.loads(text, object_pairs_hook=each_key_once)
    if (told := _as_python_writes(text.strip())) is not None:
        return told
    try:
        return yaml.load(text, Loader=strict_loader())  # noqa: S506 - made of the safe one
    except RecursionError as error:
        raise InvalidRequestError(f"{source} is nested too deep") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", in line {mark.line + 1} of the text" if mark else ""
        other = "a character that it does not allow" if isinstance(error, yaml.YAMLError) else "a date or a number that is none"
        raise InvalidRequestError(
            f"{source} is neither JSON nor YAML{line}: {getattr(error, 'problem', None) or other}",
            advice="a text with ': ' or ' #' in it, or with '*' at its beginning, must stand in quotes",
        ) from error


def _as_python_writes(text: str) -> Any:
    """Return what a template has made a text of, such as ``{{ params.script }}`` of a list; None where it is no such text.

    Read as YAML, it would be nearly the same: its None a text, and its line breaks a backslash and an n, to be spoken.
    """
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        if text.startswith(("[{'", "{'")) and repr(value := ast.literal_eval(text)) == text:
            return value
    return None
