"""What each field of a presenter may say: told by the file's name, the field's and the value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import MAX_MASKS, RESOLUTIONS, AigcMeta
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.speech.protocol import AudioFormat

__all__ = ["ENGINES", "checked_fields", "did_you_mean"]

ENGINES = ("doubao", "polly", "local")
"""The speech engines, by their names in ``TextToSpeechOperator(engine=…)``."""
_MAX_SEED = 2**63 - 1
_SLOWEST, _FASTEST = -50, 100
_LOWEST_HZ, _HIGHEST_HZ = 8000, 48000


_Check: TypeAlias = "Callable[[Any], Any] | Mapping[str, _Check]"
"""Returns a good value as it is, or says what it must be; a mapping of checks is for a field with fields of its own."""


class _WrongValueError(ValueError):
    """What a field may be; who catches it knows the file and the field."""


def checked_fields(document: Mapping[str, Any], *, source: str) -> dict[str, Any]:
    """Return the fields that a presenter's file gives, each checked; what is null is not given.

    :param document: as read, its templates rendered
    :param source: the file's name, for messages
    :raises InvalidRequestError: names the file, the field, the value, and what is allowed
    """
    return _checked(document, _FIELDS, source=source, prefix="")


def _checked(document: Mapping[str, Any], checks: Mapping[str, _Check], *, source: str, prefix: str) -> dict[str, Any]:
    for name in document:
        if name not in checks:
            raise InvalidRequestError(
                f"presenter {source} has an unknown field {shown(f'{prefix}{name}')}{did_you_mean(name, checks)}",
                advice=f"known are {', '.join(checks)}",
            )
    given = {name: value for name, value in document.items() if value is not None}
    return {name: _value(checks[name], value, source=source, field=f"{prefix}{name}") for name, value in given.items()}


def _value(check: _Check, value: Any, *, source: str, field: str) -> Any:
    try:
        if isinstance(check, Mapping):
            return _checked(_mapping(value), check, source=source, prefix=f"{field}.")
        return check(value)
    except _WrongValueError as error:
        quotes = "" if isinstance(value, str | Mapping | list) or "text" not in str(error) else "; put it into quotes"
        raise InvalidRequestError(
            f"presenter {source}: {field} must be {error}, not {type(value).__name__} {shown(value)}{quotes}"
        ) from error
    except InvalidRequestError as error:
        if error.message.startswith("presenter "):
            raise
        raise InvalidRequestError(f"presenter {source}: {error.message}", advice=error.advice) from error


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """Return what a message says of a name that is none of the known ones, but close to one; else nothing."""
    (close,) = get_close_matches(str(name), known, n=1) or ("",)
    return f": did you mean {close!r}?" if close else ""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongValueError("a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a character, as JSON and YAML can spell it
        raise _WrongValueError("a text without halves of characters") from error
    return value


def _line(value: Any) -> str:
    if not _text(value).isprintable():
        raise _WrongValueError("a text of one line")
    return str(value)


def _one_of(*allowed: Any) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not type(allowed[0]) or value not in allowed:
            raise _WrongValueError(f"{', '.join(map(str, allowed[:-1]))} or {allowed[-1]}")
        return value

    return check


def _number(lowest: int, highest: int, *, what: str = "") -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise _WrongValueError(what or f"a whole number from {lowest} to {highest}")
        return value

    return check


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _WrongValueError("true or false")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongValueError("a mapping of fields")
    return value


def _label(value: Any) -> dict[str, str]:
    return AigcMeta.from_dict(_mapping(value)).to_dict()


_FIELDS: dict[str, _Check] = {
    "portrait": _line,
    "mask": _number(1, MAX_MASKS),
    "voice": _line,
    "engine": _one_of(*ENGINES),
    "speech": {
        "speech_rate": _number(_SLOWEST, _FASTEST),
        "sample_rate": _number(_LOWEST_HZ, _HIGHEST_HZ),
        "audio_format": _one_of(*map(str, AudioFormat)),
        "engine_options": _mapping,
    },
    "prompt": _text,
    "seed": _number(-1, _MAX_SEED, what="a whole number ≥ -1 (-1: random)"),
    "output_resolution": _one_of(*RESOLUTIONS),
    "pe_fast_mode": _boolean,
    "aigc_meta": _label,
}
