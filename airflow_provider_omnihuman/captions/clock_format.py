"""Times as caption files write them."""

from __future__ import annotations

__all__ = ["clock_time"]


def clock_time(seconds: float, point: str) -> str:
    """Return a time as hours, minutes, seconds and milliseconds: ``00:00:01.500``.

    :param seconds: from the beginning.
    :param point: what stands before the milliseconds; each format has its own.
    """
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{rest:03}"
