"""What the captions operator is given, read: one text, or the lines of several speakers, each with its time."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.captions.making import Line
from airflow_provider_omnihuman.operators.parameters import is_nothing, optional_text
from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["document", "lines_of", "spoken_list"]

_AS_OUTPUT = "pass the task's output itself, not a template, which makes text of it"


def document(value: Any, *, field: str) -> Any:
    """Return what a template may have made JSON text of; None where it rendered to nothing.

    :raises InvalidRequestError: names the field
    """
    if is_nothing(value):
        return None
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError(f"{field} is not JSON: {shown(value)}", advice=_AS_OUTPUT) from error
    return value


def spoken_list(value: Any) -> list[Mapping[str, Any]]:
    """Return the facts of what was spoken: of one text, or of each line.

    :raises InvalidRequestError: it is something else
    """
    value = document(value, field="spoken")
    if value is None:
        return []
    facts = [value] if isinstance(value, Mapping) else value
    if isinstance(facts, str) or not all(isinstance(one, Mapping) for one in facts):
        raise InvalidRequestError(f"spoken must be what TextToSpeechOperator returned, not {shown(value)}", advice=_AS_OUTPUT)
    return list(facts)


def lines_of(
    *,
    text: Any,
    lines: Any,
    spoken: Sequence[Mapping[str, Any]],
    pauses: Any,
    clips: Sequence[Any],
    until_s: float | None,
    timings: Callable[[Any], tuple[Timing, ...]],
) -> list[Line]:
    """Return what is said in a video, and when.

    :param text: all of it; or
    :param lines: ``{text, speaker, start_s, end_s | duration_s, timings_uri}`` of each
    :param spoken: of each line, or of the text
    :param pauses: seconds after each line, one for all or one for each
    :param clips: ``{start_s, duration_s}`` of each clip of the video; taken where there are as many as lines
    :param until_s: the end of the video; None where it is not known
    :param timings: reads the times of words from a URI, which may be None
    :raises InvalidRequestError: names what is missing or wrong
    """
    lines = document(lines, field="lines")
    if (lines is None) == is_nothing(text):
        raise InvalidRequestError("captions are made of text, or of lines, and of one of them", advice="give text= or lines=")
    if lines is None:
        lines = [{"text": optional_text(text, field="text")}]
    if isinstance(lines, str | Mapping) or not hasattr(lines, "__len__") or not lines:
        raise InvalidRequestError(f"lines must be a list of what is said, not {shown(lines)}", advice=_AS_OUTPUT)
    if spoken and len(spoken) != len(lines):
        raise InvalidRequestError(
            f"spoken has {len(spoken)} audios, and there are {len(lines)} lines", advice="one for each line"
        )
    after = _pauses(pauses, len(lines))
    if len(clips) == len(lines):
        both = zip(clips, lines, strict=True)
        lines = [{**_of_clip(clip), **_told(line)} if isinstance(line, Mapping) else line for clip, line in both]
    read: list[Line] = []
    at_s = 0.0
    for number, line in enumerate(lines):
        facts = spoken[number] if spoken else {}
        read.append(_line(line, facts, number=number, count=len(lines), at_s=at_s, until_s=until_s, timings=timings))
        at_s = read[-1].end_s + after[number]
    return read


def _of_clip(clip: Any) -> dict[str, Any]:
    known = _told(clip) if isinstance(clip, Mapping) else {}
    return {name: known[name] for name in ("start_s", "duration_s") if name in known}


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _line(
    line: Any,
    facts: Mapping[str, Any],
    *,
    number: int,
    count: int,
    at_s: float,
    until_s: float | None,
    timings: Callable[[Any], tuple[Timing, ...]],
) -> Line:
    if not isinstance(line, Mapping) or not isinstance(line.get("text"), str) or not line["text"].strip():
        raise InvalidRequestError(f"lines[{number}] has no text: {shown(line)}", advice='write {"speaker": …, "text": …}')
    start_s = _seconds(line, "start_s", number)
    start_s = at_s if start_s is None else start_s
    duration_s = _seconds(line, "duration_s", number)
    duration_s = _seconds(facts, "seconds", number) if duration_s is None else duration_s
    end_s = _seconds(line, "end_s", number)
    if end_s is None and duration_s is not None:
        end_s = start_s + duration_s
    if end_s is None and number == count - 1:
        end_s = until_s
    if end_s is None or end_s <= start_s:
        raise InvalidRequestError(
            f"it is not known when lines[{number}] ends", advice="give spoken=, or start_s and duration_s of each line"
        )
    uri = line.get("timings_uri") or facts.get("timings_uri")
    speaker = optional_text(line.get("speaker"), field=f"lines[{number}].speaker")
    return Line(line["text"].strip(), start_s, end_s, speaker, timings(uri))


def _pauses(value: Any, count: int) -> list[float]:
    value = document(value, field="pauses")
    given = value if isinstance(value, Sequence) and not isinstance(value, str) else [value or 0.0] * count
    try:
        pauses = [float(pause or 0.0) for pause in given]
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(f"pauses must be seconds, not {shown(value)}") from error
    if not all(0 <= pause < math.inf for pause in pauses) or len(pauses) < count - 1:
        raise InvalidRequestError(f"pauses must be seconds, one for each of the {count} lines, not {shown(value)}")
    return [*pauses, 0.0]


def _seconds(facts: Mapping[str, Any], name: str, number: int) -> float | None:
    value = facts.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InvalidRequestError(f"{name} of lines[{number}] must be a number of seconds, not {shown(value)}")
    return float(value)
