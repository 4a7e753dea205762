"""What the service still delivers of a finished task: fresh URLs, for as long as it keeps the task."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from airflow_provider_omnihuman.api.errors import TaskLostError
from airflow_provider_omnihuman.api.models import AigcMeta, Video
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["Delivery", "warn_if_late"]

log = logging.getLogger(__name__)

_LATE_S = 45 * 60
"""A URL lives for one hour (reference page, ``video_url``): who archives later than this is close to needing another."""
_KEPT_H = 12
"""How long the service keeps a task (reference page, ``not_found``)."""


class Delivery:
    """A finished task's video, asked for as often as a URL is needed.

    :param hook: of the connection that submitted the task
    :param task_id: the finished task
    :param aigc_meta: the label that the service shall write into what it delivers
    :param done_at: when the task was done, epoch seconds; None where nobody knows
    """

    def __init__(self, hook: OmniHumanHook, task_id: str, *, aigc_meta: AigcMeta | None, done_at: float | None) -> None:
        self._hook = hook
        self._task_id = task_id
        self._aigc_meta = aigc_meta
        self._done_at = done_at
        self.video: Video | None = None
        """The latest answer."""

    def fresh_url(self) -> str:
        """Ask for a URL.

        :raises TaskLostError: the service does not keep the task any more; says since when the video was there
        """
        try:
            self.video = self._hook.fresh_video(self._task_id, aigc_meta=self._aigc_meta)
        except TaskLostError as error:
            raise self._lost(error) from error
        return self.video.video_url

    def _lost(self, error: TaskLostError) -> TaskLostError:
        done = "" if self._done_at is None else f"; it was done at {_utc(self._done_at)}"
        return TaskLostError(
            f"the video of task {self._task_id} is lost: {error.message}{done}",
            code=error.code,
            request_id=error.request_id,
            task_id=self._task_id,
            advice=(
                f"the service keeps a task for {_KEPT_H} h, and shows it only to the account and site that submitted it: check "
                "task id and connection; if it is gone, render it anew with force_new=True on the task that submits (billed "
                "again), and archive sooner: a high priority_weight on this task lets it run before others"
            ),
        )


def warn_if_late(done_at: float | None, *, now: float) -> bool:
    """Tell of an archive that starts when the video's first URL is nearly dead; return whether it was told.

    :param done_at: when the task was done, epoch seconds; None where nobody knows
    :param now: epoch seconds
    """
    if done_at is None or now - done_at <= _LATE_S:
        return False
    log.warning(
        "This archive starts %.0f min after the video was done: its URL dies after 60 min, the task itself after %d h; a higher "
        "priority_weight lets archives run before other tasks",
        (now - done_at) / 60,
        _KEPT_H,
    )
    return True


def _utc(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
