"""Captions get their times: as long as they are said, long enough to be read, never two at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airflow_provider_omnihuman.captions.clock import Clock
from airflow_provider_omnihuman.captions.cue import Cue
from airflow_provider_omnihuman.captions.segmentation import Block, Layout
from airflow_provider_omnihuman.captions.tokens import columns, is_wide_text

__all__ = ["GAP_S", "LONGEST_S", "SHORTEST_S", "cues_of", "settled"]

# Netflix, Timed Text Style Guide, general requirements: five sixths of a second to seven seconds, two pictures between two
# captions, and gaps of less than half a second closed.
SHORTEST_S = 5 / 6
LONGEST_S = 7.0
GAP_S = 2 / 24
_CLOSED_S = 0.5
# The same guide, reading speed of adults: 20 characters a second of English, 9 of Chinese.
_LATIN_COLUMNS_PER_S = 20.0
_WIDE_COLUMNS_PER_S = 18.0
_LINGER_S = 0.25
"""After the last word: a caption that goes with its last sound seems cut off."""


@dataclass(frozen=True, slots=True)
class _Timed:
    block: Block
    start_s: float
    end_s: float


def cues_of(text: str, clock: Clock, *, speaker: str | None = None) -> list[Cue]:
    """Return the captions of a script, timed by when it is said; :func:`settled` makes them readable.

    :param text: the script.
    :param clock: tells when each place of it is said.
    :param speaker: who says all of it.
    """
    layout = Layout(text)
    timed = [one for block in layout.blocks() for one in _timed(layout, block, clock)]
    return [Cue(one.start_s, one.end_s, layout.lines(one.block), speaker) for one in _merged(layout, timed)]


def settled(cues: Sequence[Cue], *, until_s: float | None = None) -> list[Cue]:
    """Return captions that stand as long as they are read, as far as there is room, and never two at once.

    :param cues: of the whole video; put in order here.
    :param until_s: the end of the video, seconds; None where it is not known.
    """
    ordered = sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))
    result: list[Cue] = []
    for number, cue in enumerate(ordered):
        following_s = ordered[number + 1].start_s if number + 1 < len(ordered) else None
        limit_s = min(x for x in (until_s, following_s, cue.start_s + LONGEST_S) if x is not None)
        wanted_s = max(cue.end_s + _LINGER_S, cue.start_s + _reading_s(cue.text))
        if following_s is not None and following_s - wanted_s < _CLOSED_S:
            wanted_s = max(cue.start_s, following_s - GAP_S)
        start_s = cue.start_s
        if until_s is not None and until_s <= start_s:  # behind the end: the last moment is better than nothing
            start_s = max(0.0, until_s - SHORTEST_S)
        result.append(replace(cue, start_s=start_s, end_s=max(min(wanted_s, limit_s), start_s)))
    return _in_milliseconds(result)


def _timed(layout: Layout, block: Block, clock: Clock) -> list[_Timed]:
    """Return a caption with its time; as two, where it would stand for too long; none where nothing of it is said."""
    span = clock.span_s(block.start, block.end)
    if span is None:
        return []
    parts = layout.halves(block) if span[1] - span[0] > LONGEST_S else None
    if parts is None:
        return [_Timed(block, *span)]
    return [one for part in parts for one in _timed(layout, part, clock)]


def _merged(layout: Layout, timed: Sequence[_Timed]) -> list[_Timed]:
    """Return captions of which none is too short to be read, where it fits to the one before or behind it."""
    result: list[_Timed] = []
    for one in timed:
        if result and _belong_together(layout, result[-1], one):
            before = result.pop()
            one = _Timed(Block(before.block.start, one.block.end), before.start_s, one.end_s)  # noqa: PLW2901
        result.append(one)
    return result


def _belong_together(layout: Layout, first: _Timed, second: _Timed) -> bool:
    is_short = min(first.end_s - first.start_s, second.end_s - second.start_s) < SHORTEST_S
    is_near = second.start_s - first.end_s < _CLOSED_S and second.end_s - first.start_s <= LONGEST_S
    if not is_short or not is_near:
        return False
    return layout.fits(Block(first.block.start, second.block.end))


def _reading_s(text: str) -> float:
    speed = _WIDE_COLUMNS_PER_S if is_wide_text(text) else _LATIN_COLUMNS_PER_S
    return max(SHORTEST_S, columns(text.replace("\n", " ")) / speed)


def _in_milliseconds(cues: Sequence[Cue]) -> list[Cue]:
    """Return captions with the times that the files can hold, of which none lasts no time, and none overlaps the next."""
    result: list[Cue] = []
    free_ms = 0
    for cue in cues:
        start_ms = max(free_ms, round(cue.start_s * 1000))
        end_ms = max(start_ms + 1, round(cue.end_s * 1000))
        result.append(replace(cue, start_s=start_ms / 1000, end_s=end_ms / 1000))
        free_ms = end_ms
    return result
