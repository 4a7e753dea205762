"""Words timed by the pauses of an audio: sentences lie between silences, and words are spread over the speech within them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

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
        self.spoken_s = sum(self.lengths)
        self.at = [sum(self.lengths[: number + 1]) for number in range(len(within))]
        """Where each pause is, in time that is spoken."""

    def time_s(self, spoken_s: float, *, is_start: bool) -> float:
        """Return the time after so much speech: behind a pause for what begins there, before it for what ends."""
        left = spoken_s
        for start, length in zip(self.starts, self.lengths, strict=True):
            if left < length - 1e-6 or (not is_start and left <= length + 1e-6):
                return start + max(0.0, min(left, length))
            left -= length
        return self.starts[-1] + self.lengths[-1]


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
    pace = speech.spoken_s / total if total else 0.0
    best: dict[tuple[int, int], tuple[float, tuple[int, int] | None]] = {(-1, -1): (0.0, None)}
    last = (len(ends), len(speech.at))
    for end in range(len(ends) + 1):
        for pause in range(len(speech.at) + 1):
            if (end == last[0]) != (pause == last[1]) or _is_far(end, pause, ends, speech, pace):
                continue
            ways = [
                (best[before][0] + _cost(before, (end, pause), ends, speech, pace), before)
                for before in _before(end, pause, is_last=(end, pause) == last)
                if before in best
            ]
            if ways:
                best[end, pause] = min(ways)
    way, pairs = best[last][1] if last in best else None, []
    while way is not None and way != (-1, -1):
        pairs.append((ends[way[0]].weight, speech.at[way[1]]))
        way = best[way][1]
    return pairs[::-1]


def _is_far(end: int, pause: int, ends: Sequence[_End], speech: _Speech, pace: float) -> bool:
    """Whether no change of pace explains how far an end and a pause are apart; a long text has too many pairs."""
    if end == len(ends) or pause == len(speech.at):
        return False
    expected_s = ends[end].weight * pace
    return abs(speech.at[pause] - expected_s) > _FAR_S + _FAR_PART * expected_s


def _before(end: int, pause: int, *, is_last: bool) -> list[tuple[int, int]]:
    """Return the pairs that may come before this one; the way from the beginning to the end is always one."""
    near = [(e, p) for e in range(max(-1, end - _LOOK_BACK), end) for p in range(max(-1, pause - _LOOK_BACK), pause)]
    near = [(e, p) for e, p in near if (e < 0) == (p < 0)]
    return near if not is_last or (-1, -1) in near else [*near, (-1, -1)]


def _cost(before: tuple[int, int], here: tuple[int, int], ends: Sequence[_End], speech: _Speech, pace: float) -> float:
    said, since = _weight_at(before[0], ends), _spoken_at(before[1], speech)
    is_last = here == (len(ends), len(speech.at))
    expected_s = ((_total(pace, speech) if is_last else _weight_at(here[0], ends)) - said) * pace
    actual_s = (speech.spoken_s if is_last else _spoken_at(here[1], speech)) - since
    off = (actual_s - expected_s) / (_UNEVEN * expected_s + _UNEVEN_S)
    skipped_ends = sum(_NO_PAUSE[end.kind] for end in ends[before[0] + 1 : here[0]])
    skipped = speech.pauses[before[1] + 1 : here[1]]
    skipped_pauses = sum(min(_NO_END_AT_MOST, (until - since_s) * _NO_END_PER_S) for since_s, until in skipped)
    return off * off / 2 + skipped_ends + skipped_pauses


def _total(pace: float, speech: _Speech) -> float:
    return speech.spoken_s / pace if pace else 0.0


def _weight_at(number: int, ends: Sequence[_End]) -> float:
    return ends[number].weight if number >= 0 else 0.0


def _spoken_at(number: int, speech: _Speech) -> float:
    return speech.at[number] if number >= 0 else 0.0


def _on_line(anchors: Sequence[tuple[float, float]], said: float) -> float:
    """Return how much speech there was when so much was said."""
    for (said_1, spoken_1), (said_2, spoken_2) in itertools.pairwise(anchors):
        if said <= said_2 + 1e-9:
            part = (said - said_1) / (said_2 - said_1) if said_2 > said_1 else 0.0
            return spoken_1 + min(1.0, max(0.0, part)) * (spoken_2 - spoken_1)
    return anchors[-1][1] if not math.isnan(said) else 0.0
