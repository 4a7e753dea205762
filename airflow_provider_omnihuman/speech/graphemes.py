"""Where a text may be cut without cutting what a reader sees as one character.

The rules are those of Unicode's annex 29 that matter for scripts: combining marks, joined emoji, flags, jamo, conjuncts.
"""

from __future__ import annotations

import unicodedata

__all__ = ["is_cluster_start"]

_JOINER = "\u200d"
_NON_JOINER = "\u200c"
_VIRAMA = 9
"""The canonical combining class of the marks that tie two Indic consonants together."""
_EXTENDING = {"Mn", "Me", "Mc"}
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
_TAGS = ("\U000e0020", "\U000e007f")
_FLAGS = ("\U0001f1e6", "\U0001f1ff")
_VOICED_HALFWIDTH = "\uff9e\uff9f"
_SARA_AM = "\u0e33\u0eb3"


def is_cluster_start(text: str, at: int) -> bool:
    """Return whether a text may be cut before the character at an index.

    :param text: any
    :param at: from 0 to its length
    """
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if after.isascii() and before.isascii():
        return (before, after) != ("\r", "\n")
    if _extends(after) or _joins_emoji(before, after) or _is_jamo_pair(before, after) or _is_conjunct(text, at):
        return False
    return not (_is_flag(before) and _is_flag(after) and _flags_before(text, at) % 2 == 1)


def _extends(character: str) -> bool:
    return (
        character in (_JOINER, _NON_JOINER)
        or unicodedata.category(character) in _EXTENDING
        or _SKIN_TONES[0] <= character <= _SKIN_TONES[1]
        or _TAGS[0] <= character <= _TAGS[1]
        or character in _VOICED_HALFWIDTH
        or character in _SARA_AM
    )


def _joins_emoji(before: str, after: str) -> bool:
    """Whether a joiner makes one picture of two, such as a family; of letters, it makes no cluster."""
    return before == _JOINER and not after.isalnum() and not after.isspace()


def _is_conjunct(text: str, at: int) -> bool:
    """Whether a virama among the marks before ties the letter here to the one that they stand on."""
    last = at - 1
    while last >= 0 and _extends(text[last]):
        if unicodedata.combining(text[last]) == _VIRAMA:
            return text[at].isalpha()
        last -= 1
    return False


def _is_flag(character: str) -> bool:
    return _FLAGS[0] <= character <= _FLAGS[1]


def _flags_before(text: str, at: int) -> int:
    """Return how many regional indicators stand before an index: two of them are one flag."""
    count = 0
    while at - count > 0 and _is_flag(text[at - count - 1]):
        count += 1
    return count


def _is_jamo_pair(before: str, after: str) -> bool:
    """Whether two parts of a Korean syllable, or a syllable and its last consonant, stand side by side."""
    first, second = _jamo(before), _jamo(after)
    return (first, second) in {("L", "L"), ("L", "V"), ("L", "S"), ("V", "V"), ("V", "T"), ("T", "T"), ("S", "V"), ("S", "T")}


def _jamo(character: str) -> str:
    for kind, first, last in (
        ("L", "\u1100", "\u115f"),
        ("V", "\u1160", "\u11a7"),
        ("T", "\u11a8", "\u11ff"),
        ("S", "\uac00", "\ud7a3"),
    ):
        if first <= character <= last:
            return kind
    return ""
