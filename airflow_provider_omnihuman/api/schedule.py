"""When to ask next. Pure: time and randomness come in, a pause goes out."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from airflow_provider_omnihuman.api.errors import InvalidRequestError

__all__ = ["PollSchedule"]


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

    def pause_s(self, poll: int, *, rng: Random) -> float:
        """Return the pause before the poll with this number (0 is the first), in seconds."""
        if poll == 0:
            return self.first_s * (1 + self.jitter * rng.random())
        return self.interval_s * (1 + self.jitter * rng.uniform(-1, 1))
