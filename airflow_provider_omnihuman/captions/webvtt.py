"""Captions as WebVTT, which browsers take."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_omnihuman.captions.clock_format import clock_time
from airflow_provider_omnihuman.captions.cue import Cue

__all__ = ["CONTENT_TYPE", "webvtt"]

CONTENT_TYPE = "text/vtt; charset=utf-8"
# W3C, WebVTT 1: an arrow ends a cue's text, & and < begin something; each has its name.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def webvtt(cues: Iterable[Cue]) -> str:
    """Return a WebVTT file.

    :param cues: in order.
    """
    return "\n".join(["WEBVTT\n", *(_cue(number, cue) for number, cue in enumerate(cues, 1))])


def _cue(number: int, cue: Cue) -> str:
    voice = f"<v {_escaped(' '.join(cue.speaker.split()))}>" if cue.speaker and cue.speaker.strip() else ""
    lines = "\n".join(line for line in cue.text.splitlines() if line.strip())
    times = f"{clock_time(cue.start_s, '.')} --> {clock_time(cue.end_s, '.')}"
    return f"{number}\n{times}\n{voice}{_escaped(lines)}\n"


def _escaped(text: str) -> str:
    return text.replace("\0", "\ufffd").translate(_ESCAPES)
