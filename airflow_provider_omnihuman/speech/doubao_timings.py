"""When words are said, as the Doubao speech API tells it: frames with a sentence between those with audio.

As the vendor's page "HTTP Chunked/SSE unidirectional streaming V3" documents it (2.3, 2.4)::

    {"code": 0, "data": null, "sentence": {"text": "人。", "words": [{"word": "人。", "startTime": 0.515, "endTime": 0.815}]}}

in seconds from the beginning of the whole audio, for Chinese and English only. ? Not seen live: whatever else comes is no timing,
and no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["sentence_timings", "timings_parameter"]

_LONGEST_S = 24 * 3600
_FIRST_GENERATION = ("seed-tts-1", "seed-icl-1", "volc.service_type.10029")


def timings_parameter(resource_id: str) -> str:
    """Return the name in ``audio_params`` that asks for times; each generation of models has its own, and ignores the other.

    :param resource_id: the model.
    """
    return "enable_timestamp" if resource_id.startswith(_FIRST_GENERATION) else "enable_subtitle"


def sentence_timings(frames: Iterable[Mapping[str, Any]]) -> tuple[Timing, ...]:
    """Return the times of all words that the frames of a reply tell.

    :param frames: all of them; most have none.
    """
    timings = [
        timing for frame in frames if isinstance(frame.get("sentence"), Mapping) for timing in _of_sentence(frame["sentence"])
    ]
    return tuple(sorted(timings, key=lambda timing: timing.start_s))


def _of_sentence(sentence: Mapping[str, Any]) -> list[Timing]:
    text, entries = sentence.get("text"), sentence.get("words")
    words = [word for entry in entries if (word := _timing(entry, "word"))] if isinstance(entries, list) else []
    if not words:
        whole = _timing(sentence, "text")  # ? as in the API for long texts, whose sentences have times themselves
        return [whole] if whole else []
    return _as_written(words, text) if isinstance(text, str) and text.strip() else words


def _timing(entry: Any, name: str) -> Timing | None:
    if not isinstance(entry, Mapping):
        return None
    start, end, text = _seconds(entry.get("startTime")), _seconds(entry.get("endTime")), entry.get(name)
    if start is None or end is None or start > end or not isinstance(text, str) or not text.strip():
        return None
    return Timing(start, end, text.strip())


def _seconds(value: Any) -> float | None:
    is_time = type(value) in {int, float} and 0 <= value <= _LONGEST_S
    return float(value) if is_time else None


def _as_written(words: list[Timing], text: str) -> list[Timing]:
    """Return the times of what was written: the first generation tells those of what was read out, 二零一九 for 2019.

    :param words: of one sentence, in order.
    :param text: the sentence as it was written.
    """
    owner = [number for number, word in enumerate(words) for _ in word.text]
    read_out = "".join(word.text for word in words)
    if read_out == "".join(text.split()):
        return words
    timings: list[Timing] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, read_out, text, autojunk=False).get_opcodes():
        if kind == "equal":
            _add_equal(timings, words, owner[i1:i2], text[j1:j2])
        elif kind == "replace":
            first, last = words[owner[i1]], words[owner[i2 - 1]]
            timings.append(Timing(first.start_s, last.end_s, text[j1:j2]))
        elif kind == "insert":
            _append(timings, text[j1:j2])
    return [timing for timing in (_stripped(timing) for timing in timings) if timing.text]


def _add_equal(timings: list[Timing], words: list[Timing], owners: list[int], text: str) -> None:
    """Add characters that are the same in both, word by word."""
    previous = None
    for number, character in zip(owners, text, strict=True):
        if number == previous:
            _append(timings, character)
        else:
            timings.append(Timing(words[number].start_s, words[number].end_s, character))
        previous = number


def _append(timings: list[Timing], text: str) -> None:
    if timings:
        last = timings.pop()
        timings.append(Timing(last.start_s, last.end_s, last.text + text))


def _stripped(timing: Timing) -> Timing:
    return Timing(timing.start_s, timing.end_s, timing.text.strip())
