"""Reading the fields that connections have in common; each mistake names the field, in the error class of its caller."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_omnihuman.api.urls import shown, sound_host

__all__ = [
    "base_url",
    "check_type",
    "decoded_extra",
    "extra_mapping",
    "optional_count",
    "optional_number",
    "positive_count",
    "positive_seconds",
    "short_text",
]

_SHORT_CHARACTERS = 16


def check_type(conn_type: str | None, *, expected: str, error: type[Exception]) -> None:
    """Refuse another service's connection, before its keys are sent to this one.

    :param conn_type: the connection's; none, or ``generic``, where the author could not choose
    :param expected: the hook's
    :param error: raised for any other
    """
    if conn_type not in {None, "", "generic", expected}:
        raise error(f"its type is {conn_type!r}, not {expected!r}; its keys were not sent: name one of type {expected!r}")


def decoded_extra(connection: Any) -> object:
    """Return a connection's extra as Airflow decodes it; nothing for one of endless brackets, which Airflow lets through."""
    try:
        return connection.extra_dejson
    except RecursionError:
        return {}


def extra_mapping(extra: object, *, raw: str | None, error: type[Exception]) -> Mapping[str, Any]:
    """Return the extra as a mapping.

    :param extra: as Airflow decoded it
    :param raw: as it is stored
    :param error: raised for anything but a JSON object
    """
    # Airflow gives an empty mapping for an extra that is no JSON; taking it for "no extras" would use the wrong endpoint.
    if not isinstance(extra, Mapping) or (not extra and (raw or "").strip() not in {"", "{}", "null"}):
        raise error("extra is not a JSON object")
    return extra


def positive_seconds(extra: Mapping[str, Any], name: str, *, default: float, error: type[Exception]) -> float:
    """Return a span in seconds; the default where the form was left empty.

    :param extra: the connection's
    :param name: of the field in it
    :param default: seconds
    :param error: raised for anything but a positive, finite number
    """
    seconds = _positive(extra, name, what="number of seconds", error=error)
    return default if seconds is None else seconds


def optional_number(extra: Mapping[str, Any], name: str, *, what: str, error: type[Exception]) -> float | None:
    """Return a positive number; None where the form was left empty. Other arguments as of :func:`positive_seconds`.

    :param what: it is, for the message
    """
    return _positive(extra, name, what=what, error=error)


def optional_count(extra: Mapping[str, Any], name: str, *, error: type[Exception]) -> int | None:
    """Return a whole number, at least 1; None where the form was left empty. Arguments as of :func:`positive_seconds`."""
    count = _positive(extra, name, what="whole number", error=error)
    if count is not None and count % 1:
        raise error(f"extra {name} must be a positive whole number, not {shown(extra[name])}")
    return None if count is None else int(count)


def positive_count(extra: Mapping[str, Any], name: str, *, default: int, error: type[Exception]) -> int:
    """Return a whole number, at least 1; the default where the form was left empty. Arguments as of :func:`positive_seconds`."""
    return optional_count(extra, name, error=error) or default


def short_text(extra: Mapping[str, Any], name: str, *, default: str, error: type[Exception]) -> str:
    """Return a word to show to people; the default where the form was left empty. Arguments as of :func:`positive_seconds`.

    :raises error: for anything longer, or unprintable
    """
    value = extra.get(name)
    if value is None or value == "":
        return default
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > _SHORT_CHARACTERS:
        raise error(f"extra {name} must be a text of at most {_SHORT_CHARACTERS} characters, not {shown(value)}")
    return value.strip()


def _positive(extra: Mapping[str, Any], name: str, *, what: str, error: type[Exception]) -> float | None:
    value = extra.get(name)
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 < number < math.inf:
        raise error(f"extra {name} must be a positive {what}, not {shown(value)}")
    return number


def base_url(value: object, *, field: str, example: str, error: type[Exception]) -> str:
    """Return a base URL, without a slash at its end.

    :param value: as the connection has it
    :param field: its name, for the message
    :param example: a good one, for the message
    :param error: raised for anything but scheme, host and port
    """
    if not isinstance(value, str):
        raise error(f"{field} must be a URL, not {type(value).__name__}")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and (parts.port is None or parts.port > 0) and sound_host(value)
    except ValueError:
        usable, parts = False, urlsplit("")
    extras = parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/")
    if not usable or not parts.hostname or extras or re.search(r"\s", value):
        raise error(f"{field} must be a base URL such as {example}, without path or query, not {shown(_without_secrets(value))}")
    return value.rstrip("/")


def _without_secrets(url: str) -> str:
    # It may lack the scheme by which a URL inside a text is known.
    return re.sub(r"(?s)[^/]*@", "…@", re.sub(r"(?s)([?#]).*", r"\1…", url))
