"""What of a wait is worth telling: changes, long silences, a job that is late; never each poll."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.api.expected import UNKNOWN, Expected
from airflow_provider_omnihuman.api.models import TaskStatus, Video
from airflow_provider_omnihuman.api.waiting import Progress

__all__ = ["Story"]

_LONGEST_SILENCE_S = 600.0
"""Who reads a log wants to know that it is not dead; one line in ten minutes costs nobody anything."""


class Story:
    """One wait, told to a listener.

    :param task_id: the task waited for
    :param tell: the listener
    :param since: when the wait began, epoch seconds
    :param expected: of the job
    """

    __slots__ = ("_expected", "_is_late", "_queued_at", "_queued_s", "_since", "_task_id", "_tell", "_told_at", "status")

    def __init__(self, task_id: str, tell: Callable[[Progress], None], *, since: float, expected: Expected | None = None) -> None:
        self._task_id = task_id
        self._tell = tell
        self._since = since
        self._expected = expected or UNKNOWN
        self._told_at = since
        self._is_late = False
        self._queued_at: float | None = None
        self._queued_s: float | None = None
        self.status: TaskStatus | None = None
        """The latest that was heard."""

    def met(self, fault: OmniHumanError, *, now: float) -> None:
        """Tell of a fault of another kind than the one before."""
        self._say(now, fault=fault)

    def heard(self, status: TaskStatus, *, now: float, video: Video | None, is_news: bool) -> None:
        """Take note of a good reply; tell what is new.

        :param status: that it says
        :param now: epoch seconds
        :param video: where it has one
        :param is_news: polls were not answered before
        """
        is_news = is_news or status is not self.status or video is not None
        self.status = status
        self._note_queue(status, now=now)
        became_late = self._becomes_late(now)
        if is_news or became_late or now - self._told_at >= _LONGEST_SILENCE_S:
            self._say(now, video=video)

    def _note_queue(self, status: TaskStatus, *, now: float) -> None:
        submitted_at = self._expected.submitted_at
        if submitted_at is None:
            return
        if status is TaskStatus.IN_QUEUE:
            self._queued_at, self._queued_s = now, max(0.0, now - submitted_at)
        elif self._queued_at is not None:
            # Its turn came somewhere between two looks.
            self._queued_s, self._queued_at = max(0.0, (self._queued_at + now) / 2 - submitted_at), None

    def _becomes_late(self, now: float) -> bool:
        late_s = self._expected.late_s
        if self._is_late or late_s is None or self._expected.submitted_at is None or self.status is TaskStatus.IN_QUEUE:
            return False
        self._is_late = now - self._expected.submitted_at - (self._queued_s or 0.0) > late_s
        return self._is_late

    def _say(self, now: float, *, fault: OmniHumanError | None = None, video: Video | None = None) -> None:
        self._told_at = now
        self._tell(
            Progress(
                self._task_id,
                self.status,
                now - self._since,
                fault=fault,
                video=video,
                at=now,
                queued_s=self._queued_s,
                expected=self._expected,
                is_late=self._is_late,
            )
        )
