"""Places in a film, as a person looks for them in a player."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["clock", "times_of"]

_SHOWN = 5


class _Part(Protocol):
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


def clock(at_s: float) -> str:
    """Return a time as minutes and seconds, such as ``1:02.5``."""
    tenths = round(max(0.0, at_s) * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def times_of(parts: Sequence[_Part]) -> str:
    """Return the first parts, such as ``0:01.0–0:02.5 (1.5 s)``."""
    shown = [f"{clock(part.start_s)}–{clock(part.end_s)} ({part.end_s - part.start_s:.1f} s)" for part in parts[:_SHOWN]]
    more = len(parts) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")
