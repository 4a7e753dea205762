"""The sentences that the speech service tells beside the audio, with the time of each word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["told_sentences"]

_ENDS = ("。", "！", "？", ".", "!", "?", "；")
_SURE = 0.9


def told_sentences(timings: Iterable[Timing]) -> list[tuple[float, dict[str, Any]]]:
    """Return the end of each sentence, seconds, and what the service says of it.

    :param timings: of the words, as the local engine tells them
    """
    sentences: list[list[Timing]] = [[]]
    for timing in timings:
        sentences[-1].append(timing)
        if timing.text.endswith(_ENDS):
            sentences.append([])
    return [(words[-1].end_s, _told(words)) for words in sentences if words]


def _told(words: list[Timing]) -> dict[str, Any]:
    entries = [
        {
            "confidence": _SURE,
            "endTime": round(word.end_s, 3),
            "startTime": round(word.start_s, 3),
            "word": word.text,
        }
        for word in words
    ]
    return {"phonemes": [], "text": _joined([word.text for word in words]), "words": entries}


def _joined(words: list[str]) -> str:
    """Return words as they were written: with spaces between those of Latin script."""
    text = ""
    for word in words:
        text += " " + word if text and (text[-1] + word[0]).isascii() else word
    return text
