"""How fast one process may send requests, so that an account's limit refuses none: pure, times come in.

The reference page calls the limit "QPS" (50429 ``Request Has Reached API Limit``), the gateway ``FlowLimitExceeded``; neither
is said to count in one way or another. So the strictest is taken for granted: no second, wherever it begins, holds more.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown

__all__ = ["RequestRate", "reserve_for_workers"]

_JITTER_S = 0.1
"""How much closer than sent two requests may arrive: a network's 50 ms, and as much for a new connection or a busy loop."""

_SLOWEST_PER_S = 0.1
"""However often requests are refused, one in 10 s is sent: someone must find out that there is room again."""

_RECOVERY_S = 60.0
_EPISODE_S = 1.0
"""Refusals within a second of the first one are news of the same overrun, however many requests were in flight."""


def reserve_for_workers(max_qps: float | None) -> float:
    """Return what a triggerer leaves to the workers, which it cannot see: a fifth, at least one request a second.

    Workers submit, and fetch a finished job's video: few requests, each of them worth more than a poll.

    :param max_qps: of the account
    """
    if max_qps is None or max_qps < 2:  # noqa: PLR2004 - of fewer than two nothing can be left
        return 0.0
    return max(1.0, max_qps / 5)


@dataclass(slots=True)
class _Cut:
    """What a refusal has made of the rate.

    :param at: when, monotonic seconds
    :param from_per_s: the rate before it
    :param sent: requests of the second before it, where these are all that tells a limit; None where there is one
    :param refused: how many of them
    """

    at: float
    from_per_s: float
    sent: int | None
    refused: int = 0

    @property
    def got_through_per_s(self) -> float:
        """The rate that was too much, or what the service took of it."""
        return self.from_per_s if self.sent is None else min(self.from_per_s, max(1, self.sent - self.refused))

    def per_s(self, now: float, *, ceiling: float) -> float:
        """Return the rate to which it has recovered."""
        lowest = max(min(_SLOWEST_PER_S, ceiling), self.got_through_per_s / 2)
        climb_per_s = (max(1.0, self.got_through_per_s) if math.isinf(ceiling) else ceiling) / _RECOVERY_S
        return min(ceiling, lowest + climb_per_s * max(0.0, now - self.at))


class RequestRate:
    """When the next request may go; one at a time, evenly spaced.

    In whole requests: of a limit of 5 a second, two processes get 2 each. Two that pace at 2.5 put 6 into some seconds. A share
    below one a second is kept as a pause (0.5: one in 2 s); then only each process's own requests are sure to keep apart.

    A refusal that comes all the same halves the rate, once a second at most, and the rate climbs back within a minute. Without
    a known limit nothing is held back until a refusal teaches one: half of what got through in the last second. When that is
    reached again and nobody waits any more, nothing is held back again.

    :param max_qps: requests a second that the account may make; None: not known
    :param sharers: processes that share them
    :param reserve: requests a second that are left to others, such as :func:`reserve_for_workers`
    """

    def __init__(self, max_qps: float | None, *, sharers: int = 1, reserve: float = 0.0) -> None:
        self._last_at = self._before_last_at = -math.inf
        self._sent_at: deque[float] = deque()
        self._cut: _Cut | None = None
        self._limits = _checked(max_qps, sharers=sharers, reserve=reserve)
        self._ceiling = _per_s(*self._limits)

    def set_limit(self, max_qps: float | None, *, sharers: int = 1, reserve: float = 0.0) -> None:
        """Take the limits of a connection that may have been edited; the same ones again change nothing. Arguments as above."""
        limits = _checked(max_qps, sharers=sharers, reserve=reserve)
        if limits != self._limits:
            self._limits, self._ceiling, self._cut = limits, _per_s(*limits), None

    def per_s(self, now: float) -> float:
        """Return the requests a second that may be sent now; infinite where nothing is held back.

        :param now: monotonic seconds, here and below
        """
        return self._cut.per_s(now, ceiling=self._ceiling) if self._cut else self._ceiling

    def next_at(self, now: float) -> float:
        """Return when the next request may go; in the past where one may go at once."""
        return self._last_at + 1 / self.per_s(now)

    def take(self, now: float, *, waited: bool = False) -> bool:
        """Count a request that is sent now, or return False: it must wait until :meth:`next_at`.

        :param waited: it has stood in a queue: there is more to send than may be sent
        """
        if self.next_at(now) > now:
            return False
        if math.isinf(self._ceiling):
            if self._cut and not waited and self.per_s(now) >= self._cut.got_through_per_s:
                self._cut = None
            self._sent_at.append(now)
            self._sent_within_a_second(now)
        self._before_last_at, self._last_at = self._last_at, now
        return True

    def give_back(self, at: float) -> None:
        """Uncount a request that was counted and then not sent, unless another one has been counted since.

        :param at: the time that it was counted with
        """
        if at == self._last_at:
            self._last_at = self._before_last_at

    def rejected(self, *, now: float) -> None:
        """Slow down: the service refused a request for its rate."""
        if self._cut is None or now - self._cut.at >= _EPISODE_S:
            # Of the second before the last one was sent: a refusal may take longer than that to be heard.
            sent = len(self._sent_at) if math.isinf(self._ceiling) else None
            self._cut = _Cut(now, self.per_s(now), sent)
        self._cut.refused += 1  # the more are refused, the less has got through

    def _sent_within_a_second(self, now: float) -> int:
        while self._sent_at and self._sent_at[0] <= now - 1:
            self._sent_at.popleft()
        return len(self._sent_at)


def _checked(max_qps: float | None, *, sharers: int, reserve: float) -> tuple[float | None, int, float]:
    if max_qps is not None and (isinstance(max_qps, bool) or not isinstance(max_qps, (int, float)) or not 0 < max_qps < math.inf):
        raise InvalidRequestError(f"max_qps must be a positive number of requests a second, not {shown(max_qps)}")
    if isinstance(sharers, bool) or not isinstance(sharers, int) or sharers < 1:
        raise InvalidRequestError(f"sharers must be a whole number of processes, at least 1, not {shown(sharers)}")
    if not 0 <= reserve < (math.inf if max_qps is None else max_qps):
        raise InvalidRequestError(f"reserve must be at least 0 and less than max_qps ({max_qps}), not {shown(reserve)}")
    return max_qps, sharers, reserve


def _per_s(max_qps: float | None, sharers: int, reserve: float) -> float:
    """Return the rate at which no second holds more than a process's share, whatever the network does to the gaps."""
    if max_qps is None:
        return math.inf
    share = (max_qps - reserve) / sharers
    # n + 1 requests span n gaps, of which the network may eat the jitter: what is left must be a whole second.
    return math.floor(share) / (1 + _JITTER_S) if share >= 1 else 1 / (1 / share + _JITTER_S)
