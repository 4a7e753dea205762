"""A long text in pieces that an engine takes, cut where a speaker breathes."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from airflow_provider_omnihuman.speech.boundaries import Break, breaks
from airflow_provider_omnihuman.speech.errors import SpeechInputError
from airflow_provider_omnihuman.speech.graphemes import is_cluster_start
from airflow_provider_omnihuman.speech.limits import TextLimit, TextUnit

__all__ = ["is_speakable", "sentences", "split_text"]


def split_text(text: str, limit: TextLimit) -> list[str]:
    """Return a text in as few pieces as fit under a limit; nothing of it is lost but white space between them.

    Each piece takes as many whole sentences as fit. Only a sentence that is over the limit by itself is cut: at clauses, where
    that is not enough at spaces, and at last between two characters.

    :param text: any
    :param limit: of the engine
    :raises SpeechInputError: one single character, with all its marks, is over the limit
    """
    offsets = _offsets(text, limit)
    places = _places(text)
    pieces = []
    start = _skip_space(text, 0)
    while start < len(text):
        end = _next_cut(text, start, offsets=offsets, maximum=limit.maximum, places=places)
        pieces.append(text[start:end].rstrip())
        start = _skip_space(text, end)
    return pieces


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without the white space between them.

    :param text: any
    """
    cuts = [at for at, kind in breaks(text) if kind is Break.SENTENCE]
    parts = (text[start:end].strip() for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True))
    return [part for part in parts if part]


def is_speakable(text: str) -> bool:
    """Return whether there is anything in a text that has a sound: not so of a lone dash or an emoji.

    :param text: any
    """
    return any(character.isalnum() for character in text)


def _offsets(text: str, limit: TextLimit) -> list[int]:
    """Return the length of the text up to each index, in the limit's unit."""
    if limit.unit is TextUnit.CHARACTERS:
        return list(range(len(text) + 1))
    return list(accumulate((len(character.encode()) for character in text), initial=0))


def _places(text: str) -> dict[Break, list[int]]:
    places: dict[Break, list[int]] = {kind: [] for kind in Break}
    for at, kind in breaks(text):
        places[kind].append(at)
    return places


def _next_cut(text: str, start: int, *, offsets: list[int], maximum: int, places: dict[Break, list[int]]) -> int:
    """Return where a piece from ``start`` ends: at the last place of the best kind that fits."""
    furthest = bisect_right(offsets, offsets[start] + maximum) - 1
    if furthest >= len(text.rstrip()):
        return len(text)
    for kind in (Break.SENTENCE, Break.QUOTED_SENTENCE, Break.CLAUSE, Break.SPACE):
        last = bisect_right(places[kind], furthest) - 1
        if last >= 0 and places[kind][last] > start:
            return places[kind][last]
    for end in range(furthest, start, -1):
        if is_cluster_start(text, end):
            return end
    raise SpeechInputError(
        f"one character of the text, with its marks, is over the limit of {maximum}",
        advice="remove the marks that are heaped on it: they cannot be spoken",
    )


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
