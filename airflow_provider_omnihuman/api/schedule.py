"""When to ask next. Pure: time and randomness come in, a pause goes out."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol

from airflow_provider_omnihuman.api.errors import InvalidRequestError

__all__ = ["PollSchedule", "Schedule"]


class Schedule(Protocol):
    """What a wait asks before each poll, and tells after each good reply."""

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:
        """Return the pause before the poll with this number, in seconds.

        :param poll: 0 is the first of this wait
        :param now: wall-clock time, epoch seconds
        :param rng: source of jitter
        """
        ...

    def heard(self, *, asked_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Take note of a good reply.

        :param asked_at: when the poll was sent, epoch seconds
        :param is_done: whether the job was done, with or without its URL
        :param is_queued: whether the service said that the job had not been started yet
        """
        ...


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """A first pause, then a steady one, each with jitter, so that jobs started together do not ask together.

    :param first_s: pause before the first poll, seconds. Airflow may fail a task that is resumed within seconds of its
        deferral, so a trigger never asks sooner than 10 s
    :param interval_s: pause between polls, seconds
    :param jitter: share of each pause that is random, 0 to 1; only ever lengthens the first one
    """

    first_s: float = 10.0
    interval_s: float = 10.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if not self.first_s >= 0 or not self.interval_s > 0 or not 0 <= self.jitter <= 1:
            raise InvalidRequestError(f"not a usable poll schedule: {self!r}; the interval must be positive, in seconds")

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:  # noqa: ARG002 - whatever the time is
        """Return the pause before the poll with this number (0 is the first), in seconds."""
        if poll == 0:
            return self.first_s * (1 + self.jitter * rng.random())
        return self.interval_s * (1 + self.jitter * rng.uniform(-1, 1))

    def heard(self, *, asked_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Learn nothing: this schedule is fixed."""
