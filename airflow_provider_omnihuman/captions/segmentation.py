"""A script in captions of one or two lines, each of which can be read as a unit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from airflow_provider_omnihuman.captions.tokens import columns, is_wide, is_wide_text
from airflow_provider_omnihuman.speech.boundaries import Break, breaks
from airflow_provider_omnihuman.speech.graphemes import is_cluster_start

__all__ = ["LATIN_COLUMNS", "WIDE_COLUMNS", "Block", "Layout"]

LATIN_COLUMNS = 42
"""Netflix, Timed Text Style Guide: 42 characters a line, two lines; the BBC's guidelines come to about 37 of a television's."""
WIDE_COLUMNS = 36
"""18 characters of Chinese, Japanese or Korean: between Netflix's 16 and what Chinese platforms use, 20."""

_PENALTIES = {
    Break.SENTENCE: 0.0,
    Break.QUOTED_SENTENCE: 0.1,
    Break.CLAUSE: 0.25,
    Break.SPACE: 1.0,
    Break.CHARACTER: 1.2,
}
_IN_A_WORD = 6.0
_ONE_MORE = 4.0
_UNEVEN = 1.5
# Japanese and Chinese typesetting: what no line begins with, and what none ends with.
_NOT_FIRST = "、。，．！？；：）」』】》〉”’…‥ー々ゝぁぃぅぇぉっゃゅょァィゥェォッャュョ%‰℃)]},.!?;:"
_NOT_LAST = "（「『【《〈“‘([{¿¡$¥￥"


@dataclass(frozen=True, slots=True)
class Block:
    """The text of one caption.

    :param start: its first index in the script.
    :param end: the one behind its last.
    """

    start: int
    end: int


class Layout:
    """How a script can be laid out.

    :param text: the script.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._maximum = WIDE_COLUMNS if is_wide_text(text) else LATIN_COLUMNS
        self._columns = list(accumulate((columns(character) for character in text), initial=0))
        self._places = _places(text, longest_word=self._maximum // 2)
        self._at = [at for at, _ in self._places]

    def blocks(self) -> list[Block]:
        """Return the captions of the script, each at most two lines long; a sentence begins a new one."""
        ends = [at for at, penalty in self._places if penalty == _PENALTIES[Break.SENTENCE]]
        found = []
        for start, end in pairwise([0, *ends, len(self._text)]):
            cuts = self._divide(start, end, fits=lambda a, b: self.fits(Block(a, b)))
            found += [self._stripped(a, b) for a, b in pairwise(cuts)]
        return [block for block in found if block.start < block.end]

    def fits(self, block: Block) -> bool:
        """Return whether a stretch of the script makes one caption.

        :param block: the stretch.
        """
        width = self._width(block.start, block.end)
        if width <= self._maximum or width > 2 * self._maximum:
            return width <= self._maximum
        return any(
            self._width(block.start, at) <= self._maximum and self._width(at, block.end) <= self._maximum
            for at, _ in self._inside(block.start, block.end)
        )

    def halves(self, block: Block) -> tuple[Block, Block] | None:
        """Return a caption as two, cut at the best place; None where there is none.

        :param block: of the caption.
        """
        inside, whole = self._inside(block.start, block.end), self._width(block.start, block.end)
        if not inside:
            return None
        at, _ = min(inside, key=lambda place: place[1] + _UNEVEN * abs(2 * self._width(block.start, place[0]) / whole - 1))
        first, second = self._stripped(block.start, at), self._stripped(at, block.end)
        return (first, second) if first.start < first.end and second.start < second.end else None

    def lines(self, block: Block) -> str:
        """Return the text of a caption in one line, or in lines of about the same length.

        :param block: of the caption.
        """
        cuts = self._divide(block.start, block.end, fits=lambda a, b: self._width(a, b) <= self._maximum)
        return "\n".join(line for a, b in pairwise(cuts) if (line := " ".join(self._text[a:b].split())))

    def _inside(self, start: int, end: int) -> Sequence[tuple[int, float]]:
        return self._places[bisect_right(self._at, start) : bisect_left(self._at, end)]

    def _divide(self, start: int, end: int, *, fits: Callable[[int, int], bool]) -> list[int]:
        """Return the cuts of a stretch into as few pieces as fit, the most even ones at the best places, its ends included."""
        if fits(start, end):
            return [start, end]
        stops = [(start, 0.0), *self._inside(start, end), (end, 0.0)]
        whole = self._width(start, end)
        best: list[tuple[float, int]] = [(0.0, -1)]
        for number in range(1, len(stops)):
            ways = []
            for before in range(number - 1, -1, -1):
                if before < number - 1 and not fits(stops[before][0], stops[number][0]):
                    break
                part = self._width(stops[before][0], stops[number][0]) / whole
                ways.append((best[before][0] + _ONE_MORE + _UNEVEN * part * part + stops[number][1], before))
            best.append(min(ways))
        cuts, at = [end], best[-1][1]
        while at >= 0:
            cuts.append(stops[at][0])
            at = best[at][1]
        return cuts[::-1]

    def _stripped(self, start: int, end: int) -> Block:
        while start < end and self._text[start].isspace():
            start += 1
        while end > start and self._text[end - 1].isspace():
            end -= 1
        return Block(start, end)

    def _width(self, start: int, end: int) -> int:
        block = self._stripped(start, end)
        return self._columns[block.end] - self._columns[block.start]


def _places(text: str, *, longest_word: int) -> list[tuple[int, float]]:
    """Return where a caption or a line may end, and how bad that is."""
    found: dict[int, float] = {}
    for at, kind in breaks(text):
        found[at] = min(_PENALTIES[kind], found.get(at, _IN_A_WORD))
    run = 0
    for at in range(1, len(text)):
        run = 0 if text[at - 1].isspace() else run + columns(text[at - 1])
        if text[at - 1] in _NOT_LAST or text[at] in _NOT_FIRST or text[at].isspace() or not is_cluster_start(text, at):
            continue
        is_between = (is_wide(text[at - 1]) or is_wide(text[at])) and not _is_in_korean_word(text, at)
        if is_between or run > longest_word:
            found.setdefault(at, _PENALTIES[Break.CHARACTER] if is_between else _IN_A_WORD)
    return sorted((at, penalty) for at, penalty in found.items() if 0 < at < len(text))


def _is_in_korean_word(text: str, at: int) -> bool:
    """Whether a place is within a word of Korean, which has spaces between words."""
    return all("\uac00" <= character <= "\ud7a3" for character in text[at - 1 : at + 1])
