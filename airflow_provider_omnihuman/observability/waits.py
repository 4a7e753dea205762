"""Times a wait, by listening to the replies that its schedule is told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from airflow_provider_omnihuman.api.errors import TaskFailedError, TaskLostError, WaitTimeoutError
from airflow_provider_omnihuman.api.schedule import Schedule
from airflow_provider_omnihuman.observability import catalogue
from airflow_provider_omnihuman.observability.meter import Meter

__all__ = ["TimedSchedule", "counting_outcome"]

_ENDS: dict[type[Exception], str] = {TaskFailedError: "failed", TaskLostError: "lost", WaitTimeoutError: "timeout"}


class TimedSchedule:
    """A schedule that also tells how long a job took; one object for each wait.

    :param schedule: says when to ask
    :param meter: with ``conn_id`` and ``site``
    :param submitted_at: epoch seconds; None where it is not known
    """

    __slots__ = ("_meter", "_pending_at", "_schedule", "_submitted_at", "_was_done", "_was_queued")

    def __init__(self, schedule: Schedule, meter: Meter, *, submitted_at: float | None) -> None:
        self._schedule = schedule
        self._meter = meter
        self._submitted_at = submitted_at
        self._pending_at: float | None = None
        self._was_queued = False
        self._was_done = False

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:
        """Return the pause before the poll with this number, in seconds."""
        return self._schedule.pause_s(poll, now=now, rng=rng)

    def heard(self, *, heard_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Take note of a good reply; time what it ends."""
        self._schedule.heard(heard_at=heard_at, is_done=is_done, is_queued=is_queued)
        if is_done and not self._was_done:
            self._done(heard_at)
        elif self._was_queued and not is_queued and self._submitted_at is not None:
            self._meter.time(catalogue.QUEUE_TIME, heard_at - self._submitted_at)
        self._was_done, self._was_queued = is_done, is_queued
        self._pending_at = heard_at

    def _done(self, at: float) -> None:
        if self._submitted_at is not None:
            self._meter.time(catalogue.WAIT_TIME, at - self._submitted_at)
        if self._pending_at is not None:
            # It was done at some time since: the delay is less than this.
            self._meter.time(catalogue.DETECTION_DELAY, at - self._pending_at)


@contextmanager
def counting_outcome(meter: Meter) -> Iterator[None]:
    """Count how a wait ends; one that is cancelled, by a triggerer that stops, goes on elsewhere.

    :param meter: with ``conn_id`` and ``site``
    """
    try:
        yield
    except Exception as error:
        outcome = next((name for kind, name in _ENDS.items() if isinstance(error, kind)), "error")
        meter.count(catalogue.WAITS, outcome=outcome)
        raise
    meter.count(catalogue.WAITS, outcome="done")
