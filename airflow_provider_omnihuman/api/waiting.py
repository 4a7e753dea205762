"""The rules of waiting for a task, apart from the conversation that follows them: which reply ends it, which fault passes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from airflow_provider_omnihuman.api.errors import (
    InvalidRequestError,
    MalformedReplyError,
    OmniHumanError,
    TaskLostError,
    WaitTimeoutError,
)
from airflow_provider_omnihuman.api.expected import UNKNOWN, Expected, span, time_taken
from airflow_provider_omnihuman.api.models import TaskReply, TaskStatus, Video

__all__ = ["FaultWindow", "Progress", "Wait", "lost_error", "no_url_error", "timeout_error", "usual_render_s"]

_RESULT_KEPT_H = 12
_FEW = 3
"""Polls may be far apart: two that met a fault are no outage, however long apart they were."""
_RENDER_S_PER_AUDIO_S = 36.0
"""15 s of audio take about 9 min, 60 s up to 35 min (seen); the account's queue comes on top."""


def usual_render_s(audio_s: float | None) -> float:
    """Return how long a render of that much audio has been seen to take, seconds; 0 where the length is not known."""
    return (audio_s or 0.0) * _RENDER_S_PER_AUDIO_S


@dataclass(frozen=True, slots=True)
class Progress:
    """What changed while waiting; told once per change, and once in ten minutes without one, never once per poll.

    :param task_id: the task waited for
    :param status: the latest status heard; None before the first reply
    :param waited_s: since this wait began
    :param fault: the passing fault that polls now run into; None when they are answered again
    :param video: the video, once it is there
    :param at: when this was found out, epoch seconds
    :param queued_s: about how long it has been in the queue since its submit; None where no look found it there
    :param expected: what was expected of the job
    :param is_late: it takes longer than all but one in twenty do
    """

    task_id: str
    status: TaskStatus | None
    waited_s: float
    fault: OmniHumanError | None = None
    video: Video | None = None
    at: float | None = None
    queued_s: float | None = None
    expected: Expected = UNKNOWN
    is_late: bool = False

    @property
    def age_s(self) -> float | None:
        """How long ago the job was submitted; None where that is not known."""
        submitted_at = self.expected.submitted_at
        return None if submitted_at is None or self.at is None else max(0.0, self.at - submitted_at)

    def __str__(self) -> str:
        if self.fault:
            return f"OmniHuman task {self.task_id}: asking again after a passing fault: {self.fault}"
        if self.video:
            dies = datetime.fromtimestamp(self.video.url_expires_at, UTC)
            lives = f"this URL of the video lives until {dies:%H:%M:%S} UTC, the task for {_RESULT_KEPT_H} h from its submit"
            return f"OmniHuman task {self.task_id}: {self.status}{self._when(', ')}; {lives}"
        return f"OmniHuman task {self.task_id}: {self.status}{self._when(', ')}{self._outlook()}"

    def _when(self, before: str) -> str:
        if self.age_s is None:
            return "" if self.video and self.waited_s < 1 else f" after {span(self.waited_s)} of waiting"
        return before + (time_taken(self.age_s, queued_s=self.queued_s) if self.video else f"{span(self.age_s)} after its submit")

    def _outlook(self) -> str:
        """Return what comes next, as far as it is known."""
        if self.status is TaskStatus.DONE:
            return "; its URL is not there yet"
        usual = self.expected.usual_end(queued_s=self.queued_s, is_queued=self.status is TaskStatus.IN_QUEUE)
        if not usual:
            return ""
        return f"; later than usual: {usual}" if self.is_late else f"; {usual}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long to wait for one task.

    :param deadline: wall-clock time, epoch seconds: it survives deferral and restarts, a monotonic clock does not
    :param fault_tolerance_s: how long polls may go unanswered (DNS, reset, 5xx, HTML, 429) before the wait gives up
    :param empty_url_tolerance_s: how long ``done`` may come without a video URL (seen: a few seconds)
    """

    deadline: float
    fault_tolerance_s: float = 600.0
    empty_url_tolerance_s: float = 300.0

    def __post_init__(self) -> None:
        for item in fields(self):
            if math.isnan(getattr(self, item.name)):  # no comparison with it is ever true: the wait would never end
                raise InvalidRequestError(f"{item.name} is not a number of seconds: {getattr(self, item.name)!r}")


@dataclass(slots=True)
class FaultWindow:
    """Counts the faults since the last good reply, and says when they are no longer passing."""

    tolerance_s: float
    since: float | None = None
    count: int = 0
    _kinds: list[str] = field(default_factory=list)
    _last: OmniHumanError | None = None

    def clear(self) -> bool:
        """Forget the faults; return whether there were any."""
        had = self.count > 0
        self.since, self.count, self._kinds, self._last = None, 0, [], None
        return had

    def add(self, error: OmniHumanError, *, now: float) -> bool:
        """Note a fault; return whether it is of another kind than the one before, and so worth telling.

        :raises OmniHumanError: the fault itself, with the whole story, once the tolerance is over
        """
        self.since = now if self.since is None else self.since
        self.count += 1
        kind = error.code or type(error).__name__
        is_new = self._kinds[-1:] != [kind]
        if is_new:
            self._kinds.append(kind)
        self._last = error
        if self.count >= _FEW:
            self.check(now=now)
        return is_new

    def check(self, *, now: float) -> None:
        """Give up where the tolerance is over, however few the polls.

        :raises OmniHumanError: the last fault, with the whole story
        """
        error = self._last
        if error and self.since is not None and now - self.since >= self.tolerance_s:
            error.message += (
                f"; no usable reply to {self.count} polls in {now - self.since:.0f} s ({' → '.join(self._kinds[-5:])}): "
                "the job itself may still finish"
            )
            raise error


def lost_error(reply: TaskReply) -> TaskLostError:
    """Return the error for ``not_found`` and ``expired``."""
    return TaskLostError(
        f"the service says {reply.status} for task {reply.task_id}",
        task_id=reply.task_id,
        request_id=reply.request_id,
        advice=(
            f"it keeps tasks for {_RESULT_KEPT_H} h and shows them only to the account and site that submitted them: check "
            "the task id and the connection; if it is really gone, submit again (which is billed again)"
        ),
    )


def no_url_error(reply: TaskReply) -> MalformedReplyError:
    """Return the error for ``done`` without a URL, which passes within seconds (seen)."""
    return MalformedReplyError(
        f"task {reply.task_id} is done and has no video URL", task_id=reply.task_id, request_id=reply.request_id
    )


def timeout_error(task_id: str, *, status: TaskStatus | None, waited_s: float) -> WaitTimeoutError:
    """Return the error for a deadline that passed."""
    return WaitTimeoutError(
        f"task {task_id} was not done at the deadline (last status: {status or 'none heard'}; this wait took {waited_s:.0f} s)",
        task_id=task_id,
        advice=(
            f"the job may still finish, and is billed: wait for this task id again within {_RESULT_KEPT_H} h of its submit "
            "(a retry that has a ledger does, and OmniHumanTaskSensor) instead of submitting anew; raise the timeout if this is "
            "usual"
        ),
    )
