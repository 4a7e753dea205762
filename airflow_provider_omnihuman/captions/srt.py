"""Captions as SubRip, which players and platforms take."""

from __future__ import annotations

import re
from collections.abc import Iterable

from airflow_provider_omnihuman.captions.clock_format import clock_time
from airflow_provider_omnihuman.captions.cue import Cue

__all__ = ["CONTENT_TYPE", "srt", "with_speaker"]

CONTENT_TYPE = "application/x-subrip"
# The format has no escapes, and players read some text as markup: HTML's tags, {\an8} of another format, the arrow between times.
_MARKUP = re.compile(r"<(?=[A-Za-z/])|\{(?=\\)")
_LOOKALIKES = {"<": "‹", "{": "("}


def srt(cues: Iterable[Cue]) -> str:
    """Return a SubRip file; who speaks stands before the text.

    :param cues: in order.
    """
    return "\n".join(_cue(number, cue) for number, cue in enumerate(cues, 1))


def with_speaker(cue: Cue) -> str:
    """Return the text of a caption after the name of who speaks, where that is known.

    :param cue: the caption.
    """
    speaker = f"{' '.join(cue.speaker.split())}: " if cue.speaker and cue.speaker.strip() else ""
    return "\n".join(line for line in f"{speaker}{cue.text}".splitlines() if line.strip())


def _cue(number: int, cue: Cue) -> str:
    times = f"{clock_time(cue.start_s, ',')} --> {clock_time(cue.end_s, ',')}"
    return f"{number}\n{times}\n{_plain(with_speaker(cue))}\n"


def _plain(text: str) -> str:
    """Return a text that no player takes for markup."""
    plain = _MARKUP.sub(lambda found: _LOOKALIKES[found.group()], text)
    return plain.replace("-->", "→").replace("\0", "\ufffd")
