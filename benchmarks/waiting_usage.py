"""What a triggerer takes: CPU time and memory of its two processes, by the operating system's own counting."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self

import psutil


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment.

    :param at: epoch seconds
    :param supervisor_s: CPU time so far, user and system
    :param runner_s: the same of the runner
    :param supervisor_mb: resident memory; a page is counted whether or not it is shared, so a copy on write adds nothing
    :param runner_mb: the same of the runner
    """

    at: float
    supervisor_s: float
    runner_s: float
    supervisor_mb: float
    runner_mb: float

    @property
    def cpu_s(self) -> float:
        return self.supervisor_s + self.runner_s


@dataclass(slots=True)
class Usage:
    """Watches the supervisor and its runner.

    :param pid: of the supervisor
    """

    pid: int
    samples: list[Sample] = field(default_factory=list)
    _processes: list[psutil.Process] = field(default_factory=list)
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    @property
    def processes(self) -> list[psutil.Process]:
        """The supervisor, and the runner once there is one."""
        if len(self._processes) < 2:
            supervisor = psutil.Process(self.pid)
            self._processes = [supervisor, *supervisor.children()][:2]
        return self._processes

    @property
    def is_complete(self) -> bool:
        return len(self.processes) == 2

    def take(self) -> Sample:
        """Return what was used until now."""
        times = [sum(process.cpu_times()[:2]) for process in self.processes]
        megabytes = [process.memory_info().rss / 1e6 for process in self.processes]
        return Sample(time.time(), *times, *megabytes)

    def share_of_core(self, *, over_s: float) -> float:
        """Return how many cores are used, over a time that passes meanwhile."""
        before = self.take()
        time.sleep(over_s)
        after = self.take()
        return (after.cpu_s - before.cpu_s) / (after.at - before.at)

    def __enter__(self) -> Self:
        """Take a sample every half second from now on."""
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self.samples.append(self.take())
            except psutil.NoSuchProcess:  # whoever waits for the triggerer finds out, and tells
                return
            self._over.wait(0.5)
