"""What espeak-ng tells while it speaks, as the times of words."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["EventKind", "SpokenEvent", "read_events", "word_timings"]

_LIST_END = 0
_QUIET = 200
"""Of 32,767: what is below it is the silence that espeak-ng leaves after a clause."""


class EventKind(IntEnum):
    """The events of ``espeak_EVENT_TYPE`` (speak_lib.h, espeak-ng 1.52) that tell of words."""

    WORD = 1
    END_OF_CLAUSE = 5


class _Event(ctypes.Structure):
    """``espeak_EVENT``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


@dataclass(frozen=True, slots=True)
class SpokenEvent:
    """Where the voice is.

    :param kind: of the event.
    :param position: in the text, an index.
    :param length: of the word, in characters.
    :param sample: in the audio.
    """

    kind: EventKind
    position: int
    length: int
    sample: int


def read_events(pointer: Any) -> Iterator[SpokenEvent]:
    """Read the list that the callback is given.

    :param pointer: to the first of them, or nothing.
    """
    if not pointer:
        return
    events = ctypes.cast(pointer, ctypes.POINTER(_Event))
    at = 0
    while events[at].type != _LIST_END:
        event = events[at]
        if event.type in list(EventKind):
            yield SpokenEvent(EventKind(event.type), event.text_position - 1, event.length, event.sample)
        at += 1


def word_timings(text: str, events: Sequence[SpokenEvent], pcm: bytes, sample_rate: int) -> tuple[Timing, ...]:
    """Return when each word of a text is said; full stops and commas belong to the word before.

    :param text: what was spoken.
    :param events: in the order in which they came.
    :param pcm: 16-bit samples of one channel.
    :param sample_rate: in Hz.
    """
    words = _words(events)
    ends = _ends(events, words, len(pcm) // 2)
    timings = []
    for number, word in enumerate(words):
        begin = word.position if number else 0
        following = words[number + 1].position if number + 1 < len(words) else len(text)
        written = text[_written_from(text, begin) : _written_from(text, following)].strip()
        end = _last_sound(pcm, word.sample, ends[number])
        if written:
            timings.append(Timing(word.sample / sample_rate, end / sample_rate, written))
    return tuple(timings)


def _words(events: Sequence[SpokenEvent]) -> list[SpokenEvent]:
    """Return one event for each word as it is written: a number comes as several, which lie within the first."""
    words: list[SpokenEvent] = []
    for event in events:
        is_new = not words or event.position >= words[-1].position + max(1, words[-1].length)
        if event.kind is EventKind.WORD and is_new:
            words.append(event)
    return words


def _ends(events: Sequence[SpokenEvent], words: Sequence[SpokenEvent], samples: int) -> list[int]:
    """Return where each word ends at the latest: where the next one, or a pause between clauses, begins."""
    starts = [word.sample for word in words[1:]] + [samples]
    pauses = sorted(event.sample for event in events if event.kind is EventKind.END_OF_CLAUSE)
    ends = []
    for word, start in zip(words, starts, strict=True):
        within = [pause for pause in pauses if word.sample < pause <= start]
        ends.append(min([start, *within[:1]]))
    return ends


def _written_from(text: str, at: int) -> int:
    """Return where what belongs to the word at an index begins: quotes and brackets that open right before it do."""
    while 0 < at <= len(text) and not text[at - 1].isspace() and text[at - 1] in "\"'“‘「『（(《«¿¡[":
        at -= 1
    return at


def _last_sound(pcm: bytes, start: int, end: int) -> int:
    """Return where the voice falls silent within a stretch of samples."""
    import numpy as np

    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, dtype="=i2")[start:end].astype("int32")) > _QUIET)
    return start + int(loud[-1]) + 1 if loud.size else end
