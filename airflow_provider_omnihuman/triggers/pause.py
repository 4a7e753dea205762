"""The trigger that lets a task come back later, when a limit of the account may have room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

__all__ = ["QuotaPauseTrigger"]

_LONGEST_SLEEP_S = 30.0
"""The wall clock is looked at that often: it may be set, and a machine may sleep."""


class QuotaPauseTrigger(BaseTrigger):
    """Fire at a given time; the task then submits again, from the worker: a trigger may run twice, and never submits.

    Airflow's own ``DateTimeTrigger`` writes a line a second into the task's log, and cannot carry ``since``.

    :param resume_at: wall-clock time, epoch seconds
    :param since: when the first submit was refused, epoch seconds; comes back in the event
    """

    def __init__(self, *, resume_at: float, since: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it without annotations
        self.resume_at = resume_at
        self.since = since

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"resume_at": self.resume_at, "since": self.since}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; after a restart of the triggerer, for what is left."""
        while (left_s := self.resume_at - time.time()) > 0:  # noqa: ASYNC110 - time is what it waits for
            await asyncio.sleep(min(left_s, _LONGEST_SLEEP_S))
        yield TriggerEvent({"since": self.since})
