"""The emulator's time: it can be moved, runs work faster than life when told so, and survives a restart."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class ClockAnchor:
    """One moment at which both timelines were known; all else is computed from it.

    :param real_s: the machine's time.
    :param now_s: the emulated time of day, on which URLs and tasks expire.
    :param work_s: the emulated working time, on which jobs advance.
    :param speed: seconds of work in a real second.
    """

    real_s: float
    now_s: float
    work_s: float
    speed: float


class EmulatedClock:
    """Two timelines: the time of day, and the working time that ``speed`` makes faster.

    They are two so that a fast emulator does not shorten the hour in which a video can be downloaded.
    Moving the clock moves both.

    :param speed: seconds of work in a real second.
    :param anchor: where an earlier process left the clock.
    :param on_change: is given the new anchor, to keep it.
    :param real_time: the machine's time in seconds.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        anchor: ClockAnchor | None = None,
        on_change: Callable[[ClockAnchor], None] = lambda _: None,
        real_time: Callable[[], float] = time.time,
    ) -> None:
        self._lock = threading.Lock()
        self._real_time = real_time
        self._on_change = on_change
        real_s = real_time()
        self._anchor = anchor or ClockAnchor(real_s, real_s, real_s, speed)
        self._re_anchor(speed=speed)

    def now(self) -> float:
        """Return the emulated time of day, in seconds since the epoch."""
        with self._lock:
            return self._now()

    def work_now(self) -> float:
        """Return the emulated working time, in seconds."""
        with self._lock:
            return self._work_now()

    @property
    def speed(self) -> float:
        """Seconds of work in a real second."""
        return self._anchor.speed

    def advance(self, seconds: float) -> None:
        """Move both timelines forward."""
        self._re_anchor(advance_s=seconds)

    def set_speed(self, speed: float) -> None:
        """Make the working time run faster or slower from now on."""
        self._re_anchor(speed=speed)

    def reset(self) -> None:
        """Come back to the machine's time; the speed stays."""
        with self._lock:
            real_s = self._real_time()
            self._anchor = ClockAnchor(real_s, real_s, real_s, self._anchor.speed)
            self._on_change(self._anchor)

    def _now(self) -> float:
        return self._anchor.now_s + self._elapsed()

    def _work_now(self) -> float:
        return self._anchor.work_s + self._elapsed() * self._anchor.speed

    def _elapsed(self) -> float:
        return self._real_time() - self._anchor.real_s

    def _re_anchor(self, *, advance_s: float = 0.0, speed: float | None = None) -> None:
        with self._lock:
            speed = self._anchor.speed if speed is None else speed
            self._anchor = ClockAnchor(self._real_time(), self._now() + advance_s, self._work_now() + advance_s, speed)
            self._on_change(self._anchor)
