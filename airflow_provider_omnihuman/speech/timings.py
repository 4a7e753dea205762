"""When each word, or sentence, of a speech is said, as its engine tells."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from airflow_provider_omnihuman.speech.errors import SpeechInputError

__all__ = ["Timing", "read_timings", "shifted", "timings_json"]


@dataclass(frozen=True, slots=True)
class Timing:
    """A stretch of speech.

    :param start_s: when it begins, seconds from the beginning of the audio.
    :param end_s: when it ends.
    :param text: what is said, as it was written.
    """

    start_s: float
    end_s: float
    text: str


def shifted(timings: Iterable[Timing], by_s: float) -> tuple[Timing, ...]:
    """Return the same stretches in a longer audio that this one is a part of.

    :param timings: of the part.
    :param by_s: where the part begins, seconds.
    """
    return tuple(replace(timing, start_s=timing.start_s + by_s, end_s=timing.end_s + by_s) for timing in timings)


def timings_json(timings: Sequence[Timing]) -> bytes:
    """Return the document that is stored beside an audio: ``{"timings": [{"start_s", "end_s", "text"}, …]}``.

    :param timings: in the order of their times.
    """
    rounded = [replace(timing, start_s=round(timing.start_s, 3), end_s=round(timing.end_s, 3)) for timing in timings]
    return json.dumps({"timings": [asdict(timing) for timing in rounded]}, ensure_ascii=False).encode(errors="replace")


def read_timings(data: bytes, *, name: str = "the timings") -> tuple[Timing, ...]:
    """Read such a document back.

    :param data: the document.
    :param name: what to call it in a message.
    :raises SpeechInputError: it is none.
    """
    try:
        entries = json.loads(data)["timings"]
        timings = tuple(Timing(float(entry["start_s"]), float(entry["end_s"]), str(entry["text"])) for entry in entries)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise SpeechInputError(
            f"{name} cannot be read as timings of a speech",
            advice='they look like {"timings": [{"start_s": 0.1, "end_s": 0.4, "text": "Good"}]}',
        ) from error
    if not all(0 <= timing.start_s <= timing.end_s < math.inf for timing in timings):
        raise SpeechInputError(f"{name} holds a stretch that ends before it begins", advice="speak the text again")
    return tuple(sorted(timings, key=lambda timing: (timing.start_s, timing.end_s)))
