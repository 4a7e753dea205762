"""How long renders took, by kind: learned from the jobs that this process saw finish, kept as plain data across restarts."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from airflow_provider_omnihuman.api.outlook import Outlook, Took

__all__ = ["RenderTimes"]

_VERSION = 1
_KEPT = 64
"""Jobs of each kind."""
_KINDS = 32
_LONGEST_NAME = 64
_REMADE_AFTER = 16
"""The outlook is made anew when a sixteenth of what it was made of is new: making it takes a millisecond."""
_LATEST, _STREAK = 4, 3
"""Three of four jobs beyond what one in twenty does, all the same way: the service has changed its speed."""
_KEPT_THEN = 12
"""Jobs from before that say how much durations spread, until new ones do."""
_LONGEST_S = 24 * 3600.0
"""The service keeps a task for 12 h; nothing that is told to have taken longer is believed."""
_SHORTEST_S = 1e-3


@dataclass(slots=True)
class _Kind:
    """What was seen of one kind, oldest first, and the outlooks made of it, by whether they know the length of the audio."""

    jobs: deque[Took] = field(default_factory=lambda: deque(maxlen=_KEPT))
    surprises: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))
    outlooks: dict[bool, Outlook] = field(default_factory=dict)
    fresh: int = 0

    def add(self, job: Took) -> None:
        self.jobs.append(job)
        self.fresh += 1
        if self.fresh > len(self.jobs) // _REMADE_AFTER:
            self.outlooks.clear()
            self.fresh = 0

    def change_speed(self, factor: float, *, since: int) -> None:
        """Take the jobs before the latest as if they had met the service as it is now: their spread stays worth knowing.

        :param since: how many jobs have met it
        """
        jobs = list(self.jobs)
        older = (job.scaled(factor) for job in jobs[-since - _KEPT_THEN : -since])
        self.jobs = deque((*older, *jobs[-since:]), maxlen=_KEPT)
        self.surprises.clear()
        self.outlooks.clear()
        self.fresh = 0


class RenderTimes:
    """Learns how long renders take. One per connection and process, shared by all its waits, on one event loop.

    :param delay_s: how late a finished job is to be found on average, seconds; where the end is too uncertain for that, no more
        than 0.4 times the polls of a fixed 5 s are made all the same
    """

    __slots__ = ("_kinds", "_unknown", "delay_s")

    def __init__(self, *, delay_s: float = 2.1) -> None:
        self.delay_s = delay_s
        self._kinds: dict[str, _Kind] = {}
        self._unknown = _Kind()

    def record(self, kind: str, *, audio_s: float | None, took_s: float, running_s: float = 0.0) -> None:
        """Learn from a job that was seen to finish; what cannot be true is ignored.

        :param kind: of render, such as ``720-fast``
        :param audio_s: length of the audio, seconds
        :param took_s: age of the job at the look that found it done
        :param running_s: its age at the last look that found it running; 0 where there was none
        """
        job = _job((audio_s, running_s, took_s))
        known = self._kind(kind)
        if not job or known is None:
            return
        known.surprises.append(self.outlook(kind, audio_s=job.audio_s).surprise(job))
        known.add(job)
        for way in (-1, 1):
            alike = [i for i, surprise in enumerate(known.surprises) if surprise * way > 0]
            if len(alike) >= _STREAK:
                factor = math.exp(statistics.median(known.surprises[i] for i in alike))
                known.change_speed(factor, since=len(known.surprises) - alike[0])

    def outlook(self, kind: str, *, audio_s: float | None) -> Outlook:
        """Return what is expected of the next job of this kind.

        :param kind: of render
        :param audio_s: length of its audio; None where that is not known
        """
        known = self._kind(kind) or self._unknown
        by_audio = audio_s is not None
        if by_audio not in known.outlooks:
            known.outlooks[by_audio] = Outlook.of(known.jobs, by_audio=by_audio, delay_s=self.delay_s)
        return known.outlooks[by_audio]

    def seen(self, kind: str) -> int:
        """Return how many jobs of this kind it was learned from."""
        known = self._kinds.get(kind)
        return len(known.jobs) if known else 0

    def to_dict(self) -> dict[str, Any]:
        """Return what was learned, as plain JSON of some 60 KB at most."""
        return {
            "version": _VERSION,
            "kinds": {name: [list(job) for job in kind.jobs] for name, kind in self._kinds.items() if kind.jobs},
        }

    @classmethod
    def from_dict(cls, data: object, *, delay_s: float = 2.1) -> RenderTimes:
        """Read what :meth:`to_dict` gave, in this process or another; what cannot be read is ignored.

        :param data: whatever was found
        :param delay_s: as in the constructor
        """
        times = cls(delay_s=delay_s)
        kinds = data.get("kinds") if isinstance(data, Mapping) and data.get("version") == _VERSION else None
        for name, rows in islice(kinds.items(), _KINDS) if isinstance(kinds, Mapping) else ():
            known = times._kind(name) if isinstance(name, str) and isinstance(rows, list) else None
            if known is not None:
                known.jobs.extend(job for job in map(_job, rows[-_KEPT:]) if job)
        return times

    def _kind(self, name: str) -> _Kind | None:
        """Return what is known of a kind; None where there are too many, which no deployment has."""
        if name not in self._kinds and (len(self._kinds) >= _KINDS or len(name) > _LONGEST_NAME):
            return None
        return self._kinds.setdefault(name, _Kind())


def _job(row: object) -> Took | None:
    """Return the job if it can be true."""
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != 3:  # noqa: PLR2004 - audio, running, took
        return None
    audio_s, running_s, took_s = row
    if not _is_time(took_s) or not (running_s == 0 or _is_time(running_s)) or not (audio_s is None or _is_time(audio_s)):
        return None
    if running_s >= took_s:
        return None
    return Took(None if audio_s is None else float(audio_s), float(running_s), float(took_s))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _SHORTEST_S <= value <= _LONGEST_S
