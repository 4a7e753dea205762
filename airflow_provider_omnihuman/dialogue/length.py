"""How long a text takes to say, at the very least."""

from __future__ import annotations

import unicodedata

__all__ = ["shortest_speech_s"]

# Faster than any: at their normal speed, voices say four to five Chinese syllables a second, one each character, or some
# fifteen letters of English, and engines can be asked for twice that speed.
_WIDE_A_SECOND = 12.0
_NARROW_A_SECOND = 40.0


def shortest_speech_s(text: str) -> float:
    """Return a number of seconds that the speech is surely not shorter than.

    :param text: what is said
    """
    said = [character for character in text if unicodedata.category(character)[0] in "LN"]
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in said)
    return wide / _WIDE_A_SECOND + (len(said) - wide) / _NARROW_A_SECOND
