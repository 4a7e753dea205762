"""How far this machine's clock is from the service's, by the ``Date`` header of a reply."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx

__all__ = ["skew_s", "skew_told"]

_MINUTE_S = 60


def skew_s(response: httpx.Response, *, now: float) -> float | None:
    """Return by how many seconds this machine's clock is ahead of the service's, less than 0 if behind; None if not told.

    :param response: its ``Date`` has whole seconds, and is as old as the way back took
    :param now: this machine's time, epoch seconds
    """
    try:
        return now - parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def skew_told(response: httpx.Response, *, now: float) -> str | None:
    """Say it for a person; None if not told. Arguments as of :func:`skew_s`."""
    skew = skew_s(response, now=now)
    if skew is None:
        return None
    amount = f"{abs(skew) / _MINUTE_S:.0f} min" if abs(skew) >= 2 * _MINUTE_S else f"{abs(skew):.0f} s"
    return f"this machine's clock is {amount} {'ahead of' if skew > 0 else 'behind'} the service's"
