"""Rendered template values become typed parameters: Jinja makes text of everything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown

if TYPE_CHECKING:
    from airflow_provider_omnihuman.api.models import AigcMeta

__all__ = [
    "aigc_meta_of",
    "boolean",
    "flag",
    "integer",
    "is_nothing",
    "optional_boolean",
    "optional_integer",
    "optional_seconds",
    "optional_text",
    "seconds",
    "url_list",
]

_LONGEST_S = 366 * 24 * 3600
"""Longer spans overflow timedelta arithmetic, and that after the submit."""
_EMPTY = {"", "none", "null"}
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def is_nothing(value: Any) -> bool:
    """Return whether nothing was given: None, or what a template or an empty cell of a table makes of it."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _EMPTY)


def optional_integer(value: Any, *, field: str) -> int | None:
    """Return a whole number, given as for :func:`integer`; None where nothing was given.

    :raises InvalidRequestError: names the field and the value
    """
    return None if is_nothing(value) else integer(value, field=field)


def optional_boolean(value: Any, *, field: str) -> bool | None:
    """Return true or false, given as for :func:`boolean`; None where nothing was given.

    :raises InvalidRequestError: names the field and the value
    """
    return None if is_nothing(value) else boolean(value, field=field)


def integer(value: Any, *, field: str) -> int:
    """Return a whole number, given as one or as its text.

    :raises InvalidRequestError: names the field and the value
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            pass
    raise InvalidRequestError(f"{field} must be a whole number, not {shown(value)}")


def boolean(value: Any, *, field: str) -> bool:
    """Return true or false, given as such or as text.

    :raises InvalidRequestError: names the field and the value
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise InvalidRequestError(f"{field} must be true or false, not {shown(value)}")


def flag(value: Any, *, field: str) -> bool:
    """Return true or false, given as for :func:`boolean`; false where a template rendered to nothing.

    :raises InvalidRequestError: names the field and the value
    """
    if is_nothing(value):
        return False
    return boolean(value, field=field)


def optional_text(value: Any, *, field: str) -> str | None:
    """Return text, or None where a template rendered to nothing.

    :raises InvalidRequestError: not text
    """
    if is_nothing(value):
        return None
    if not isinstance(value, str):
        advice = f"give the one value of it that is the {field.removeprefix('omnihuman_')}" if isinstance(value, Mapping) else ""
        raise InvalidRequestError(f"{field} must be text, not {type(value).__name__} {shown(value)}", advice=advice)
    return value


def seconds(value: Any, *, field: str) -> float:
    """Return a span in seconds, given as a timedelta or a number of seconds.

    :raises InvalidRequestError: not a positive span of at most a year
    """
    span = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(span, bool) or not isinstance(span, (int, float)) or not 0 < span <= _LONGEST_S:
        raise InvalidRequestError(
            f"{field} must be a timedelta or a positive number of seconds, at most a year, not {shown(value)}"
        )
    return float(span)


def optional_seconds(value: Any, *, field: str) -> float | None:
    """Return a span in seconds, given as for :func:`seconds` or as text; None where a template rendered to nothing.

    :raises InvalidRequestError: not a positive span of at most a year
    """
    if isinstance(value, str):
        if value.strip().lower() in _EMPTY:
            return None
        with suppress(ValueError):
            value = float(value)
    return None if value is None else seconds(value, field=field)


def url_list(value: Any, *, field: str) -> list[str]:
    """Return a list of URLs, given as a list, as one URL, or as the JSON text of a list.

    :raises InvalidRequestError: anything else
    """
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError(f"{field} is not a JSON list: {error}") from error
    if is_nothing(value):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping | bytes | bytearray) or not isinstance(value, Iterable):
        raise InvalidRequestError(f"{field} must be a list of URLs, not {type(value).__name__}")
    urls = list(value)
    for index, url in enumerate(urls):
        if not isinstance(url, str):
            raise InvalidRequestError(f"{field}[{index}] must be an http(s) URL, not {type(url).__name__}")
    return urls


def aigc_meta_of(value: Any) -> AigcMeta | None:
    """Return the label to ask for, given as :class:`AigcMeta`, as a mapping, or as its JSON text.

    :raises InvalidRequestError: names the field
    """
    from airflow_provider_omnihuman.api.models import AigcMeta

    if isinstance(value, str):
        if value.strip().lower() in _EMPTY:
            return None
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError(f"aigc_meta is not JSON: {error}") from error
    return AigcMeta.from_dict(value) if value else None
