"""What the archive operator is given, read: the request's facts, the time when it was done, the task that runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.archive.errors import ArchiveError

__all__ = ["done_at_of", "epoch_s", "request_facts", "task_facts"]

_EMPTY = {"", "none", "null"}
_LATEST_EPOCH_S = 253402300799
"""The end of the year 9999; what is later was given in milliseconds."""


def request_facts(value: Any) -> dict[str, Any]:
    """Return the ``request`` argument as a mapping; templates may have made JSON text of it.

    :raises ArchiveError: says what is wrong with it
    """
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"request is not JSON ({error}): pass the XCom itself, or its tojson") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ArchiveError(f"request must be the mapping under the XCom key 'request', not {type(value).__name__}")
    audio_s = value.get("audio_duration_s")
    if audio_s is not None and (isinstance(audio_s, bool) or not isinstance(audio_s, (int, float))):
        raise ArchiveError(f"request's audio_duration_s must be a number of seconds, not {shown(audio_s)}")
    return value


def epoch_s(value: Any, *, field: str) -> float | None:
    """Return a time in epoch seconds, given as a number or as its text; None where a template rendered to nothing.

    :raises ArchiveError: names field and value
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in _EMPTY):
        return None
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 < seconds <= _LATEST_EPOCH_S:
        raise ArchiveError(f"{field} must be a time in epoch seconds, not {shown(value)}")
    return seconds


def done_at_of(given: Any, asked: Mapping[str, Any], *, log: Any) -> float | None:
    """Return when the job was done, epoch seconds; None where nobody knows.

    :param given: the operator's ``done_at``, which wins
    :param asked: the request's facts; what is wrong with theirs stops no archive
    :param log: the task's
    :raises ArchiveError: what is given is no time
    """
    if (at := epoch_s(given, field="done_at")) is not None:
        return at
    try:
        return epoch_s(asked.get("done_at"), field="request's done_at")
    except ArchiveError as error:
        log.warning("%s; the video is archived all the same", error)
        return None


def task_facts(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return which task of which run archives the video."""
    ti = context["ti"]
    return {name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index", "try_number")}
