"""Where a text may be cut for speaking, and how well: after sentences best, then at clauses, then at spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum

__all__ = ["Break", "breaks"]


class Break(IntEnum):
    """How good a place is for a cut: the lower, the better."""

    SENTENCE = 0
    QUOTED_SENTENCE = 1
    """Inside brackets or quotes, or at the end of a line that ends no sentence."""
    CLAUSE = 2
    SPACE = 3
    CHARACTER = 4


# Full stops of Chinese and Japanese need no space behind them; those of the others do.
_WIDE_ENDS = "。！？；｡"
_NARROW_ENDS = ".!?"
_ELLIPSES = "…⋯"
_ENDS = _WIDE_ENDS + _NARROW_ENDS + _ELLIPSES
_CLAUSES = "，、,;:：､—–"
_CLOSERS = "”’\"'」』）)]］】》〉»›｣〗"
_OPENERS = "“‘「『（(［[【《〈«‹｢〖¿¡"
_PAIRS = {"「": "」", "『": "』", "“": "”", "（": "）", "(": ")", "《": "》", "«": "»", "【": "】", "｢": "｣"}
_CLOSING = {closer: opener for opener, closer in _PAIRS.items()}
_RUN = re.compile(rf"[{re.escape(_ENDS)}]+[{re.escape(_CLOSERS)}]*")
_STOP = re.compile(rf"[{re.escape(_ENDS + _CLAUSES)}\s]|[{re.escape(''.join(_PAIRS) + ''.join(_CLOSING))}]")
_WORD_BEFORE = re.compile(r"[^\s“‘「『（(\[«\"'¿¡]*\Z")
_LONGEST_WORD = 40

# Written with a full stop, and followed by a name: no sentence ends here. English, Spanish, Indonesian.
_TITLES = re.compile(
    "mrs?|ms|mx|dr|prof|rev|hon|gen|col|capt|lt|sgt|st|messrs|gov|sen|vs|cf|ca|approx|viz|e[.]?g|i[.]?e|"
    "sr|sra|srta|sres|dra|lic|ing|arq|gral|avda?|uds?|vds?|ee|p[.]ej|bpk|sdri?|yth|drs|ir|hj|kol|jend|jl|pt|rp|tgl",
    re.IGNORECASE,
)
# The same before a number, and ends of sentences elsewhere: "No. 5", "he said no."
_BEFORE_NUMBERS = re.compile(
    "nos?|nr|figs?|secs?|vols?|pp?|eds?|art|cap|tel|págs?|n[uú]m|hlm|gg|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_LIST_NUMBER = re.compile(r"\d{1,3}")


def breaks(text: str) -> Iterator[tuple[int, Break]]:
    """Yield the places where a text may be cut, each an index that the next piece begins at, white space before it apart.

    What may be cut anywhere (:attr:`Break.CHARACTER`) is not told. The same index may come twice, the better one first.

    :param text: any
    """
    depth: list[str] = []
    at = 0
    while stop := _STOP.search(text, at):
        at, character = stop.start(), stop.group()
        if character in _PAIRS:
            depth.append(character)
            at += 1
        elif character in _CLOSING:
            _close(depth, character)
            at += 1
        elif character.isspace():
            end = _end_of_space(text, at)
            kind = _of_space(text[at:end])
            if kind is Break.SENTENCE:
                depth.clear()  # a bracket that was never closed ends with its paragraph
            yield at, kind
            at = end
        elif character in _CLAUSES:
            at += 1
            if _is_clause_end(text, at):
                yield at, Break.CLAUSE
        else:
            run = _RUN.match(text, at)
            assert run is not None
            for closer in run.group():
                _close(depth, closer)
            kind_of_end = _of_end(text, run.start(), run.end(), is_quoted=bool(depth))
            at = run.end()
            if kind_of_end is not None:
                yield at, kind_of_end


def _close(depth: list[str], closer: str) -> None:
    if _CLOSING.get(closer) in depth:
        while depth.pop() != _CLOSING[closer]:
            pass


def _end_of_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _of_space(space: str) -> Break:
    lines = len(space.splitlines()) - (not space.endswith(("\n", "\r", "\u2029"))) if space else 0
    if lines > 1 or "\u2029" in space:
        return Break.SENTENCE
    return Break.QUOTED_SENTENCE if lines == 1 else Break.SPACE


def _is_clause_end(text: str, at: int) -> bool:
    """Whether the comma before an index is one between clauses, and not one in ``1,000`` or ``10:30``."""
    mark, after = text[at - 1], text[at : at + 1]
    return not after or after.isspace() or after in _OPENERS or (mark not in ",;:" and not after.isdigit()) or _is_wide(after)


def _of_end(text: str, start: int, end: int, *, is_quoted: bool) -> Break | None:
    """Return how good a place it is behind full stops and the quotes that they close; None where none."""
    run, after = text[start:end], text[end : end + 1]
    following = text[end : end + 200].lstrip()[:1]
    if not following:
        return Break.SENTENCE
    is_closed = run[-1] in _CLOSERS
    sentence = Break.QUOTED_SENTENCE if is_quoted else Break.SENTENCE
    if run[0] in _WIDE_ENDS:  # 「…。」と言った: the sentence goes on
        goes_on = is_closed and not after.isspace() and after not in _OPENERS
        return Break.QUOTED_SENTENCE if goes_on else sentence
    if run.startswith(".") and not run.startswith("..") and not is_closed and _is_abbreviation(text, start, following):
        return None
    return _of_narrow_end(run, after, following, sentence)


def _of_narrow_end(run: str, after: str, following: str, sentence: Break) -> Break | None:
    """Return the same behind stops that are no ends by themselves, as in ``3.14`` and ``Yahoo!``."""
    is_closed = run[-1] in _CLOSERS
    if not after.isspace() and (is_closed or not _is_wide(after)) and after not in _OPENERS:
        return None
    if following.islower():  # "Stop!" he said; and so on… perhaps
        return Break.CLAUSE if run[0] != "." else None
    if run[0] in _ELLIPSES and not after.isspace():
        return Break.QUOTED_SENTENCE  # 我……我不知道
    return sentence


def _is_abbreviation(text: str, at: int, following: str) -> bool:
    """Whether the full stop at an index belongs to the word before it and ends no sentence."""
    match = _WORD_BEFORE.search(text, max(0, at - _LONGEST_WORD), at)
    word = match.group() if match else ""
    if _TITLES.fullmatch(word) or (_BEFORE_NUMBERS.fullmatch(word) and following.isdigit()):
        return True
    if _LIST_NUMBER.fullmatch(word):  # "2. The second": a number that begins a line
        before = text[max(0, at - _LONGEST_WORD) : at - len(word)].rstrip(" \t")
        return not before or before.endswith("\n")
    return bool(_INITIALS.fullmatch(word)) and word.isupper() and word != "I"  # J. R. Smith, the U.S. Army


def _is_wide(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words."""
    return bool(character) and (
        "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"
    )
