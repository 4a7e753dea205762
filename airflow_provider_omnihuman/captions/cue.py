"""What stands on the screen, and when."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cue"]


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption.

    :param start_s: when it appears, seconds from the beginning of the video.
    :param end_s: when it goes.
    :param text: one line, or two with a line break between them.
    :param speaker: who says it, where there are several.
    """

    start_s: float
    end_s: float
    text: str
    speaker: str | None = None
