"""When each place of a text is said: what captions are timed by, whoever tells it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_omnihuman.captions.tokens import Token

__all__ = ["Clock", "TimedToken", "spread"]


@dataclass(frozen=True, slots=True)
class TimedToken:
    """A word, and when it is said.

    :param start: its first index in the text.
    :param end: the one behind its last.
    :param start_s: seconds from the beginning of the audio.
    :param end_s: likewise.
    """

    start: int
    end: int
    start_s: float
    end_s: float


class Clock:
    """Tells when each place of a text is said.

    :param timed: all words of the text, in order.
    """

    def __init__(self, timed: Sequence[TimedToken]) -> None:
        self._timed = list(timed)
        self._starts = [token.start for token in self._timed]
        self._ends = [token.end for token in self._timed]

    def span_s(self, start: int, end: int) -> tuple[float, float] | None:
        """Return when a stretch of the text is said; None where nothing of it has a sound.

        :param start: its first index.
        :param end: the one behind its last.
        """
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end) - 1
        if first > last:
            return None
        return _within(self._timed[first], start, default=0.0), _within(self._timed[last], end, default=1.0)


def _within(token: TimedToken, at: int, *, default: float) -> float:
    """Return the time at an index, which may be in the midst of a word."""
    is_inside = token.start < at < token.end
    part = (at - token.start) / (token.end - token.start) if is_inside else default
    return token.start_s + part * (token.end_s - token.start_s)


def spread(tokens: Sequence[Token], start_s: float, end_s: float) -> list[TimedToken]:
    """Return words that follow each other through a stretch of time, each as long as it has syllables.

    :param tokens: in order.
    :param start_s: where the first one begins, seconds.
    :param end_s: where the last one ends.
    """
    total = sum(token.weight for token in tokens) or 1.0
    timed, at_s = [], start_s
    for token in tokens:
        until_s = at_s + token.weight / total * max(0.0, end_s - start_s)
        timed.append(TimedToken(token.start, token.end, at_s, until_s))
        at_s = until_s
    return timed
