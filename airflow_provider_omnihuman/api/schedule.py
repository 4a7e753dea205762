"""When to ask next. Pure: time and randomness come in, a pause goes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Protocol

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.render_times import RenderTimes

__all__ = ["LearnedSchedule", "PollSchedule", "Schedule"]

_SHORTEST_S, _LONGEST_S = 2.0, 60.0
_JITTER = 0.1
_SOON_S = 10.0
_POLLS_FOR_ALL, _SLOWED = 40, 6.5
"""What a wait may poll before it slows down to a poll each 6.5 times the delay wanted, which is below 0.4 times what the fixed
interval with that delay makes: a queue that is not told of breaks every forecast."""
_UNKNOWN_SHARE, _UNKNOWN_SHORTEST_S, _UNKNOWN_LONGEST_S = 0.1, 5.0, 30.0
"""Where nobody knows when the job was submitted, it may be done at any time."""
_URL_S = 3.0
"""``done`` comes without a URL for a few seconds (seen)."""
_LATE_SHARE = 0.1


class Schedule(Protocol):
    """What a wait asks before each poll, and tells after each good reply."""

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:
        """Return the pause before the poll with this number, in seconds.

        :param poll: 0 is the first of this wait
        :param now: wall-clock time, epoch seconds
        :param rng: source of jitter
        """
        ...

    def heard(self, *, heard_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Take note of a good reply.

        :param heard_at: when it came, epoch seconds
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

    def heard(self, *, heard_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Learn nothing: this schedule is fixed."""


class LearnedSchedule:
    """Polls when a job of its kind is likely to finish, as learned from those before; one object for each wait.

    :param times: what was learned; shared by all waits, and told when this job is done
    :param kind: of render, such as ``720-fast``
    :param audio_s: length of the audio, seconds; None where it is not known
    :param submitted_at: epoch seconds; None where it is not known: then the pauses grow with the time that this wait has taken
    :param first_poll_at: no poll comes before, epoch seconds; in the past after a restart
    """

    __slots__ = (
        "_audio_s",
        "_born_at",
        "_first_poll_at",
        "_is_done",
        "_kind",
        "_planned_at",
        "_polls",
        "_running_at",
        "_times",
        "_waits_since",
    )

    def __init__(
        self,
        times: RenderTimes,
        *,
        kind: str,
        audio_s: float | None,
        submitted_at: float | None,
        first_poll_at: float | None = None,
    ) -> None:
        self._times = times
        self._kind = kind
        self._audio_s = audio_s if audio_s is not None and 0 < audio_s < math.inf else None
        self._born_at = submitted_at if submitted_at is not None and math.isfinite(submitted_at) else None
        self._first_poll_at = -math.inf if first_poll_at is None else first_poll_at
        self._waits_since: float | None = None
        self._planned_at: float | None = None
        self._running_at: float | None = None
        self._polls = 0
        self._is_done = False

    def pause_s(self, poll: int, *, now: float, rng: Random) -> float:
        """Return the pause before the poll with this number (0 is the first), in seconds."""
        if self._waits_since is None:
            self._waits_since = now
            if self._born_at is not None:  # the clock of the worker that submitted may be ahead of this one
                self._born_at = min(self._born_at, now)
        if self._is_done or self._born_at is None:
            at = now + self._plain_gap_s(now - self._waits_since) * (1 + rng.uniform(-_JITTER, _JITTER))
        else:
            # The first one falls anywhere within its step: jobs submitted together do not ask together.
            steps = rng.random() if poll == 0 else 1 + rng.uniform(-_JITTER, _JITTER)
            at = self._born_at + self._likely_age_s(now - self._born_at, steps=steps)
        at = max(at, self._first_poll_at)
        if self._planned_at is None:
            self._planned_at = at
        if at < now:  # resumed: those that were resumed with it do not ask all at once
            at = now + _SOON_S * rng.random()
        self._polls += 1
        return at - now if poll == 0 else max(at - now, _SHORTEST_S)

    def heard(self, *, heard_at: float, is_done: bool, is_queued: bool = False) -> None:
        """Take note of a good reply; learn from the one that says that the job is done."""
        if is_done:
            if not self._is_done:
                self._learn(heard_at)
            self._is_done = True
        elif is_queued and self._born_at is not None:
            # Its turn has not come: it is as if it had been submitted only now.
            self._born_at, self._running_at, self._polls = heard_at, None, 0
        else:
            self._running_at = heard_at
        self._planned_at = None

    def _learn(self, done_at: float) -> None:
        """Tell how long the job took, unless this was found out late, after a restart or an outage: then nobody knows."""
        if self._born_at is None or self._planned_at is None:
            return
        took_s = done_at - self._born_at
        if done_at - self._planned_at <= max(_SOON_S, _LATE_SHARE * took_s):
            running_s = 0.0 if self._running_at is None else max(self._running_at - self._born_at, 0.0)
            self._times.record(self._kind, audio_s=self._audio_s, took_s=took_s, running_s=running_s)

    def _plain_gap_s(self, waited_s: float) -> float:
        if self._is_done:
            return _URL_S
        return min(max(_UNKNOWN_SHARE * waited_s, _UNKNOWN_SHORTEST_S), _UNKNOWN_LONGEST_S)

    def _likely_age_s(self, age_s: float, *, steps: float) -> float:
        """Return the age to look at next; less than the age where a look is overdue."""
        outlook = self._times.outlook(self._kind, audio_s=self._audio_s)
        since_s = 0.0 if self._running_at is None else age_s
        look_s = outlook.next_look_s(since_s, audio_s=self._audio_s, steps=steps)
        reached_s = max(age_s, outlook.early_s(self._audio_s))
        # Where jobs take seconds, a late one is late by seconds: no more than its age again goes by without a look.
        look_s = min(look_s, reached_s + min(max(reached_s, _SOON_S), _LONGEST_S))
        slowed_s = _SLOWED * self._times.delay_s
        if self._polls > _POLLS_FOR_ALL + age_s / slowed_s:
            look_s = max(look_s, age_s + slowed_s * steps)
        return look_s
