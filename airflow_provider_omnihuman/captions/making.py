"""What was said in a video, and when, as captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_omnihuman.captions.by_engine import timed_by_engine
from airflow_provider_omnihuman.captions.by_silence import timed_by_silence
from airflow_provider_omnihuman.captions.clock import Clock
from airflow_provider_omnihuman.captions.cue import Cue
from airflow_provider_omnihuman.captions.cueing import cues_of, settled
from airflow_provider_omnihuman.media.silence import Silence
from airflow_provider_omnihuman.speech.timings import Timing, shifted

__all__ = ["Captions", "Line", "TimedBy", "make_captions"]


class TimedBy(StrEnum):
    """Who told when the words are said."""

    ENGINE = "engine"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker says without a break.

    :param text: what is said.
    :param start_s: where it begins in the video, seconds.
    :param end_s: where it ends at the latest.
    :param speaker: who says it, where there are several.
    :param timings: of its words, from its own beginning; nothing where the engine told none.
    """

    text: str
    start_s: float
    end_s: float
    speaker: str | None = None
    timings: tuple[Timing, ...] = ()


@dataclass(frozen=True, slots=True)
class Captions:
    """The captions of a video.

    :param cues: in order.
    :param timed_by: by the engine only where it told of every line.
    """

    cues: tuple[Cue, ...]
    timed_by: TimedBy


def make_captions(lines: Sequence[Line], *, silences: Callable[[], Sequence[Silence]], until_s: float | None = None) -> Captions:
    """Return the captions of a video.

    :param lines: all that is said.
    :param silences: returns the pauses of the whole video's sound; asked only where an engine did not tell.
    :param until_s: the end of the video, seconds; None where it is not known.
    """
    heard: list[Sequence[Silence]] = []
    cues: list[Cue] = []
    for line in lines:
        timed = timed_by_engine(line.text, shifted(line.timings, line.start_s)) if line.timings else None
        if timed is None:
            if not heard:
                heard.append(silences())
            timed = timed_by_silence(line.text, heard[0], start_s=line.start_s, end_s=line.end_s)
        cues += cues_of(line.text, Clock(timed), speaker=line.speaker)
    return Captions(tuple(settled(cues, until_s=until_s)), TimedBy.SILENCE if heard else TimedBy.ENGINE)
