"""The two quotas of an account: requests in a second, and jobs at once."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.emulator.codes import CONCURRENCY_EXCEEDED, QPS_EXCEEDED, BusinessError

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """Takes at most ``limit`` requests in any second of real time.

    :param limit: 0 is no limit.
    """

    def __init__(self, limit: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._monotonic = monotonic
        self._taken: deque[float] = deque()

    def reset(self) -> None:
        """Forget what was counted."""
        self._taken.clear()

    def take(self) -> None:
        """Count one request, or refuse it; a refused one does not count."""
        if not self.limit:
            return
        now_s = self._monotonic()
        while self._taken and self._taken[0] <= now_s - 1:
            self._taken.popleft()
        if len(self._taken) >= self.limit:
            raise BusinessError(QPS_EXCEEDED, f"more than {self.limit} requests in a second")
        self._taken.append(now_s)


def check_concurrency(running: int, limit: int) -> None:
    """Refuse one more job than the account has bought."""
    if limit and running >= limit:
        raise BusinessError(CONCURRENCY_EXCEEDED, f"{running} of {limit} jobs are running")
