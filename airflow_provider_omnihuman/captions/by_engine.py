"""Words timed by what the speech engine told: matched with the text, and what does not match put between what does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from airflow_provider_omnihuman.captions.clock import TimedToken, spread
from airflow_provider_omnihuman.captions.tokens import Token, tokens
from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["timed_by_engine"]

_ENOUGH = 0.6
"""Of the words: with fewer in common, the times are those of another text."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A word that the engine told of."""

    key: str
    start_s: float
    end_s: float


def timed_by_engine(text: str, timings: Sequence[Timing]) -> list[TimedToken] | None:
    """Return when each word of a text is said; None where the times belong to another text.

    :param text: the script.
    :param timings: of the engine, word by word, or sentence by sentence.
    """
    written, told = tokens(text), _told(timings)
    matcher = SequenceMatcher(None, [word.key for word in written], [word.key for word in told], autojunk=False)
    pairs = [(block.a + n, block.b + n) for block in matcher.get_matching_blocks() for n in range(block.size)]
    if not written or len(pairs) < _ENOUGH * len(written):
        return None
    timed: list[TimedToken] = []
    done, at_s = 0, 0.0
    for here, there in pairs:
        word, when = written[here], told[there]
        timed += spread(written[done:here], at_s, max(at_s, when.start_s))
        timed.append(TimedToken(word.start, word.end, when.start_s, when.end_s))
        done, at_s = here + 1, when.end_s
    rest_end_s = max([at_s, *(timing.end_s for timing in timings)])
    return timed + spread(written[done:], at_s, rest_end_s)


def _told(timings: Sequence[Timing]) -> list[_Told]:
    """Return the words of the timings, those of whole sentences spread over their time."""
    told = []
    for timing in timings:
        words: list[Token] = tokens(timing.text)
        times = spread(words, timing.start_s, timing.end_s)
        told += [_Told(word.key, time.start_s, time.end_s) for word, time in zip(words, times, strict=True)]
    return told
