"""The three steps of a program, a call each on both clients: submit, wait, download.

What is waited for and what is downloaded is the same code for both; the asynchronous client writes its file in a thread.
"""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Protocol, TypeVar

from airflow_provider_omnihuman.api.conversations import Conversation, Conversations
from airflow_provider_omnihuman.api.download import PATIENCE, Download, Patience
from airflow_provider_omnihuman.api.errors import DeadUrlError, DownloadError
from airflow_provider_omnihuman.api.models import AigcMeta, Submission, Video, VideoRequest
from airflow_provider_omnihuman.api.schedule import PollSchedule
from airflow_provider_omnihuman.api.waiting import Progress, Wait

__all__ = ["AsyncSteps", "Steps"]

T = TypeVar("T")

_TIMEOUT_S = 7200.0
_FRESH_URL_PATIENCE_S = 300.0
_AGAIN = "wait for the task again, and download from the fresh URL"


class _Blocking(Protocol):
    """What is needed of the client for threads."""

    api: Conversations

    def perform(self, conversation: Conversation[T]) -> T: ...


class _OnALoop(Protocol):
    """What is needed of the client for an event loop."""

    api: Conversations

    async def perform(self, conversation: Conversation[T]) -> T: ...


class Steps:
    """Submit, wait, download; each blocks until it is over."""

    def submit(self: _Blocking, request: VideoRequest) -> Submission:
        """Start a render, which is billed; keep the task id: with it, the video can be had again for 12 h without paying again.

        :param request: what to render
        :raises SubmitOutcomeUnknownError: the reply was lost; the job may exist, and is not submitted a second time
        :raises OmniHumanError: a definite refusal; nothing was started
        """
        return self.perform(self.api.submit(request))

    def wait(
        self: _Blocking,
        task_id: str,
        *,
        timeout_s: float = _TIMEOUT_S,
        poll_interval_s: float = 10.0,
        aigc_meta: AigcMeta | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Video:
        """Wait until the video is there; costs nothing, and may be done again by any process.

        :param task_id: of the submission
        :param timeout_s: how long, seconds; the job goes on whatever happens here
        :param poll_interval_s: time between polls, seconds
        :param aigc_meta: the AIGC label to write into the video
        :param on_progress: told once per change of status, and of passing faults; its text is ``str(progress)``
        :raises TaskFailedError: the job is over without a video
        :raises TaskLostError: the service does not know the task (any more)
        :raises WaitTimeoutError: not done in time
        """
        return self.perform(_waiting(self.api, task_id, timeout_s, poll_interval_s, aigc_meta, on_progress))

    def download(
        self: _Blocking,
        video: Video,
        path: str | os.PathLike[str],
        *,
        aigc_meta: AigcMeta | None = None,
        patience: Patience = PATIENCE,
    ) -> Path:
        """Bring a video into a file, which appears under its name only when it is whole; return its path.

        What breaks off goes on where it stopped, from a fresh URL where the old one died.

        :param video: of :meth:`wait`
        :param path: of the file; what is there is replaced
        :param aigc_meta: the label that :meth:`wait` asked for: the service writes it into what it delivers to the query that
            asks for it, and a fresh URL is such a query
        :param patience: how long to try
        :raises DeadUrlError: the URL died and none is asked for, since the label would get lost with it
        :raises DownloadError: the bytes did not arrive whole
        :raises OSError: the file cannot be written
        """

        def fresh_url() -> str:
            return self.perform(_asking_anew(self.api, video, aigc_meta)).video_url

        return _into_file(video, Path(path), fresh_url=fresh_url, patience=patience)


class AsyncSteps:
    """Submit, wait, download, on an event loop; arguments and errors as of :class:`Steps`."""

    async def submit(self: _OnALoop, request: VideoRequest) -> Submission:
        """Start a render; see :meth:`Steps.submit`."""
        return await self.perform(self.api.submit(request))

    async def wait(
        self: _OnALoop,
        task_id: str,
        *,
        timeout_s: float = _TIMEOUT_S,
        poll_interval_s: float = 10.0,
        aigc_meta: AigcMeta | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Video:
        """Wait until the video is there; see :meth:`Steps.wait`."""
        return await self.perform(_waiting(self.api, task_id, timeout_s, poll_interval_s, aigc_meta, on_progress))

    async def download(
        self: _OnALoop,
        video: Video,
        path: str | os.PathLike[str],
        *,
        aigc_meta: AigcMeta | None = None,
        patience: Patience = PATIENCE,
    ) -> Path:
        """Bring a video into a file, without holding the loop up; see :meth:`Steps.download`."""
        loop, stopped = asyncio.get_running_loop(), threading.Event()

        def fresh_url() -> str:
            asking = self.perform(_asking_anew(self.api, video, aigc_meta))
            return asyncio.run_coroutine_threadsafe(asking, loop).result().video_url

        def bring() -> Path:
            return _into_file(video, Path(path), fresh_url=fresh_url, patience=_until(stopped, patience))

        try:
            return await asyncio.to_thread(bring)
        finally:
            stopped.set()  # a cancelled download gives up at its next piece or pause


def _waiting(
    api: Conversations,
    task_id: str,
    timeout_s: float,
    poll_interval_s: float,
    aigc_meta: AigcMeta | None,
    on_progress: Callable[[Progress], None] | None,
) -> Conversation[Video]:
    """Return the conversation that waits."""
    wait, schedule = Wait(deadline=api.clock() + timeout_s), PollSchedule(first_s=0, interval_s=poll_interval_s)
    told = on_progress or (lambda _: None)
    return api.wait_until_done(task_id, wait=wait, aigc_meta=aigc_meta, schedule=schedule, on_change=told)


def _asking_anew(api: Conversations, video: Video, aigc_meta: AigcMeta | None) -> Conversation[Video]:
    """Return the conversation that asks for another URL of a finished video."""
    if video.aigc_meta_tagged and aigc_meta is None:
        raise DeadUrlError(
            f"the URL of task {video.task_id}'s video died, and a fresh one would deliver it without its AIGC label",
            task_id=video.task_id,
            advice="give download() the aigc_meta that wait() was given",
        )
    return _waiting(api, video.task_id, _FRESH_URL_PATIENCE_S, 5.0, aigc_meta, None)


class _Part:
    """The bytes that have arrived, under a name that nobody takes for the video."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._file.write(chunk)

    def restart(self) -> None:
        """Forget all bytes."""
        self._file.seek(0)
        self._file.truncate()


def _into_file(video: Video, path: Path, *, fresh_url: Callable[[], str], patience: Patience) -> Path:
    with _appearing_whole(path) as file:
        Download(video.video_url, _Part(file), fresh_url=fresh_url, patience=patience).run()
        if not file.tell():
            raise DownloadError(f"the video of task {video.task_id} is an empty file", task_id=video.task_id, advice=_AGAIN)
    return path


@contextmanager
def _appearing_whole(path: Path) -> Iterator[IO[bytes]]:
    """Write a file beside ``path``, and give it that name when it is whole and on the disk; leave nothing where it fails."""
    part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _until(stopped: threading.Event, patience: Patience) -> Patience:
    """Return a patience that ends when it is told to stop."""

    def pause(seconds: float) -> None:
        stopped.wait(seconds)

    return replace(patience, clock=lambda: math.inf if stopped.is_set() else patience.clock(), sleep=pause)
