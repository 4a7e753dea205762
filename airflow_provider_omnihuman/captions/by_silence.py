"""Words timed by the pauses of an audio: sentences lie between silences, and words are spread over the speech within them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

from airflow_provider_omnihuman.captions.clock import TimedToken
from airflow_provider_omnihuman.captions.tokens import Token, tokens
from airflow_provider_omnihuman.media.silence import Silence
from airflow_provider_omnihuman.speech.boundaries import Break, breaks

__all__ = ["timed_by_silence"]

_LOOK_BACK = 6
"""So many pauses, or ends of clauses, may lie between two that belong together."""
# What it costs that an end has no pause, and by how much a stretch may differ from what its syllables let expect.
_NO_PAUSE = {Break.SENTENCE: 2.0, Break.QUOTED_SENTENCE: 1.0, Break.CLAUSE: 0.3}
_UNEVEN, _UNEVEN_S = 0.18, 0.12
_NO_END_PER_S = 2.0
_NO_END_AT_MOST = 1.5
_AT_EDGE_S = 0.05
_FAR_S, _FAR_PART = 10.0, 0.1
_SAME_S = 1e-6

_Pair: TypeAlias = tuple[int, int]
"""The number of an end, and that of the pause in which it lies; both are counted from 1."""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a sentence or a clause, before which so much is said."""

    weight: float
    kind: Break


def timed_by_silence(text: str, silences: Sequence[Silence], *, start_s: float, end_s: float) -> list[TimedToken]:
    """Return when each word of a text is said, about.

    :param text: the script.
    :param silences: of the audio, in order.
    :param start_s: where the text begins in it at the earliest, seconds.
    :param end_s: where it ends at the latest.
    """
    words = tokens(text)
    speech = _Speech(silences, start_s, end_s)
    ends = _ends(text, words)
    total = sum(word.weight for word in words)
    anchors = [(0.0, 0.0), *_anchors(ends, speech, total), (total, speech.spoken_s)]
    timed, said = [], 0.0
    for word in words:
        begin_s = speech.time_s(_on_line(anchors, said), is_start=True)
        until_s = speech.time_s(_on_line(anchors, said + word.weight), is_start=False)
        # What takes no time begins behind a pause, and would end before it.
        timed.append(TimedToken(word.start, word.end, begin_s, max(begin_s, until_s)))
        said += word.weight
    return timed


class _Speech:
    """The stretches of an audio in which there is speech, and a clock that runs in them only."""

    def __init__(self, silences: Sequence[Silence], start_s: float, end_s: float) -> None:
        within = [(max(s.start_s, start_s), min(s.end_s, end_s)) for s in silences if s.end_s > start_s and s.start_s < end_s]
        begin = within.pop(0)[1] if within and within[0][0] <= start_s + _AT_EDGE_S else start_s
        end = within.pop()[0] if within and within[-1][1] >= end_s - _AT_EDGE_S else end_s
        if end <= begin:
            within, begin, end = [], start_s, end_s
        self.pauses = within
        self.starts = [begin, *(pause[1] for pause in within)]
        self.lengths = [pause - start for start, pause in zip(self.starts, [*(p[0] for p in within), end], strict=True)]
        self.over = list(accumulate(self.lengths))
        self.spoken_s = self.over[-1]
        self.at = self.over[:-1]
        """Where each pause is, in time that is spoken."""

    def time_s(self, spoken_s: float, *, is_start: bool) -> float:
        """Return the time after so much speech: behind a pause for what begins there, before it for what ends."""
        first = bisect_left(self.over, spoken_s + _SAME_S if is_start else spoken_s - _SAME_S)
        number = min(first, len(self.lengths) - 1)
        left = spoken_s - (self.over[number] - self.lengths[number])
        return self.starts[number] + max(0.0, min(left, self.lengths[number]))


def _ends(text: str, words: Sequence[Token]) -> list[_End]:
    """Return the ends within the text, each with what is said before it."""
    kinds: dict[float, Break] = {}
    said, number = 0.0, 0
    for at, kind in sorted(breaks(text)):
        while number < len(words) and words[number].end <= at:
            said += words[number].weight
            number += 1
        if kind in _NO_PAUSE and 0 < number < len(words):
            kinds[said] = min(kind, kinds.get(said, kind))
    return [_End(weight, kind) for weight, kind in kinds.items()]


def _anchors(ends: Sequence[_End], speech: _Speech, total: float) -> list[tuple[float, float]]:
    """Return which ends lie in which pauses, as what is said before and how much speech was before: the cheapest way through.

    A way that skips an end or a pause pays for it, and so does each stretch between two pairs that lasts longer, or shorter, than
    its syllables.
    """
    ways = _Ways(ends, speech, total)
    best: dict[_Pair, tuple[float, _Pair | None]] = {(0, 0): (0.0, None)}
    for end in range(1, len(ends) + 1):
        for pause in ways.near(end):
            ways.lead_to((end, pause), best)
    ways.lead_to(ways.last, best)
    pair, pairs = best[ways.last][1], []
    while pair is not None and pair != (0, 0):
        pairs.append((ways.said[pair[0]], ways.heard[pair[1]]))
        pair = best[pair][1]
    return pairs[::-1]


class _Ways:
    """From the beginning, which is pair 0, over ends that lie in pauses, to the last pair: the end of all."""

    def __init__(self, ends: Sequence[_End], speech: _Speech, total: float) -> None:
        self.said = [0.0, *(end.weight for end in ends), total]
        self.heard = [0.0, *speech.at, speech.spoken_s]
        self.pace = speech.spoken_s / total if total else 0.0
        self.last = (len(ends) + 1, len(speech.at) + 1)
        # The sums of what it costs to skip all before: a difference is what it costs to skip those between two.
        self.ends_skipped = [0.0, *accumulate((_NO_PAUSE[end.kind] for end in ends), initial=0.0)]
        no_end = (min(_NO_END_AT_MOST, (until_s - since_s) * _NO_END_PER_S) for since_s, until_s in speech.pauses)
        self.pauses_skipped = [0.0, *accumulate(no_end, initial=0.0)]

    def near(self, end: int) -> range:
        """Return the pauses that an end may lie in: no change of pace explains those that are far; a long text has too many."""
        expected_s = self.said[end] * self.pace
        far_s = _FAR_S + _FAR_PART * expected_s
        first = bisect_left(self.heard, expected_s - far_s, lo=1, hi=self.last[1])
        return range(first, bisect_right(self.heard, expected_s + far_s, lo=first, hi=self.last[1]))

    def lead_to(self, here: _Pair, best: dict[_Pair, tuple[float, _Pair | None]]) -> None:
        """Note the cheapest way to a pair, if there is any; from the beginning to the end there always is."""
        earlier = [
            (e, p) for e in range(max(1, here[0] - _LOOK_BACK), here[0]) for p in range(max(1, here[1] - _LOOK_BACK), here[1])
        ]
        if here == self.last or max(here) <= _LOOK_BACK:
            earlier.append((0, 0))
        ways = [(best[before][0] + self._cost(before, here), before) for before in earlier if before in best]
        if ways:
            best[here] = min(ways)

    def _cost(self, before: _Pair, here: _Pair) -> float:
        expected_s = (self.said[here[0]] - self.said[before[0]]) * self.pace
        off = (self.heard[here[1]] - self.heard[before[1]] - expected_s) / (_UNEVEN * expected_s + _UNEVEN_S)
        skipped_ends = self.ends_skipped[here[0]] - self.ends_skipped[before[0] + 1]
        skipped_pauses = self.pauses_skipped[here[1]] - self.pauses_skipped[before[1] + 1]
        return off * off / 2 + skipped_ends + skipped_pauses


def _on_line(anchors: Sequence[tuple[float, float]], said: float) -> float:
    """Return how much speech there was when so much was said."""
    number = min(max(1, bisect_left(anchors, said - 1e-9, key=lambda anchor: anchor[0])), len(anchors) - 1)
    (said_1, spoken_1), (said_2, spoken_2) = anchors[number - 1], anchors[number]
    part = (said - said_1) / (said_2 - said_1) if said_2 > said_1 else 0.0
    return spoken_1 + min(1.0, max(0.0, part)) * (spoken_2 - spoken_1)
