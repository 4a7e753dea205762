"""A task, and the status that it has at a moment of emulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from airflow_provider_omnihuman.emulator.catalogue import Kind

# The page: not_found covers tasks that have expired after 12 hours, expired asks for a new submit. Which comes
# when is not written: here a task is `expired` for an hour, and forgotten after it.
TASK_LIFETIME_S = 12 * 3600.0
FORGOTTEN_AFTER_S = 13 * 3600.0

_PROCESSING_S = 3.0
_IN_QUEUE_S = 12.0
_RECOGNITION_S = 5.0
# 15 s of audio take around 9 min, 26 s over 15 min, 60 s up to 35 min (seen on the live service).
_WORK_BASE_S = 15.0
_WORK_PER_AUDIO_S = 35.0
_FAST_MODE = 0.6
_JITTER = 0.1


class Status(StrEnum):
    """The statuses of the page, and ``failed``: an error code that takes the place of a status."""

    PROCESSING = "processing"
    IN_QUEUE = "in_queue"
    GENERATING = "generating"
    DONE = "done"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    FAILED = "failed"


RUNNING = {Status.PROCESSING, Status.IN_QUEUE, Status.GENERATING}


@dataclass(frozen=True, slots=True)
class Task:
    """One accepted job: what would be paid for.

    :param seed: the seed to render with; drawn at the submit when the request left it to chance.
    :param submitted_s: the emulated time of day.
    :param submitted_work_s: the emulated working time.
    :param work_s: how much working time it takes; ``None`` until the inputs were looked at.
    :param ready: the result exists.
    :param media_s: seconds of video that were rendered, which is what is billed.
    :param failure: the code that the inputs lead to.
    :param late_failure: the code that comes only when the work is over.
    :param forced: a status that the admin API demands.
    :param has_subject: what a recognition found.
    """

    task_id: str
    kind: Kind
    site: str
    body: dict[str, Any] = field(repr=False)
    seed: int
    submitted_s: float
    submitted_work_s: float
    work_s: float | None = None
    ready: bool = False
    media_s: float = 0.0
    failure: int | None = None
    failure_detail: str = ""
    late_failure: int | None = None
    forced: Status | None = None
    has_subject: bool = False

    def status(self, *, now_s: float, work_now_s: float) -> Status:
        """Return what a query would be told."""
        age_s = now_s - self.submitted_s
        if self.forced is not None:
            return self.forced
        if age_s >= TASK_LIFETIME_S:
            return Status.EXPIRED if age_s < FORGOTTEN_AFTER_S else Status.NOT_FOUND
        return self._progress(work_now_s - self.submitted_work_s)

    def error_code(self) -> int | None:
        """Return the code that stands for :attr:`Status.FAILED`."""
        return self.failure or self.late_failure

    def _progress(self, worked_s: float) -> Status:
        if worked_s < _PROCESSING_S or (self.work_s is None and self.failure is None):
            return Status.PROCESSING
        if self.failure is not None:
            return Status.FAILED
        assert self.work_s is not None
        if worked_s < min(_IN_QUEUE_S, self.work_s):
            return Status.IN_QUEUE
        if worked_s < self.work_s or not self.ready:
            return Status.GENERATING
        return Status.FAILED if self.late_failure is not None else Status.DONE


def generation_work_s(audio_s: float, *, fast: bool, seed: int) -> float:
    """Return the working time that a video of this length takes; the same seed takes the same time."""
    jitter = 1 + _JITTER * ((seed * 2654435761 % 2**32) / 2**31 - 1)
    return (_WORK_BASE_S + _WORK_PER_AUDIO_S * audio_s) * (_FAST_MODE if fast else 1.0) * jitter


def recognition_work_s() -> float:
    """Return the working time of a subject recognition."""
    return _RECOGNITION_S
