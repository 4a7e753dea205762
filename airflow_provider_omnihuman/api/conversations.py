"""The conversations with the service, each once, for the synchronous worker and the asynchronous triggerer alike.

A conversation is a generator. It yields an ``httpx.Request`` to send or a :class:`Pause` to take; a driver
(:mod:`airflow_provider_omnihuman.api.client`) performs it and sends back the ``httpx.Response``, or throws in the
:class:`~airflow_provider_omnihuman.api.errors.TransportError`. What it returns is the conversation's result. Retrying,
parsing, waiting and classifying live here; nothing here sleeps, opens a socket or reads a clock of its own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias, TypeVar

import httpx

from airflow_provider_omnihuman.api.actions import (
    Call,
    detect_subjects,
    get_result,
    read_recognition,
    submit_recognition,
    submit_video,
)
from airflow_provider_omnihuman.api.error_codes import Kind, lookup
from airflow_provider_omnihuman.api.errors import MalformedReplyError, OmniHumanError, QuotaError, ServiceError, TransportError
from airflow_provider_omnihuman.api.exchange import Exchange
from airflow_provider_omnihuman.api.expected import Expected
from airflow_provider_omnihuman.api.models import AigcMeta, Subjects, Submission, TaskReply, TaskStatus, Video, VideoRequest
from airflow_provider_omnihuman.api.schedule import PollSchedule, Schedule
from airflow_provider_omnihuman.api.sites import MAINLAND, Site
from airflow_provider_omnihuman.api.story import Story
from airflow_provider_omnihuman.api.submitting import check_reach, gave_up_while_forwarding, outcome_unknown
from airflow_provider_omnihuman.api.urls import check_media_url
from airflow_provider_omnihuman.api.waiting import FaultWindow, Progress, Wait, lost_error, no_url_error, timeout_error

__all__ = ["Conversation", "Conversations", "Pause"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait that long, in seconds, before going on."""

    seconds: float


Conversation: TypeAlias = Generator[httpx.Request | Pause, Any, T]

_ATTEMPTS = 4
_RECOGNITION_SCHEDULE = PollSchedule(first_s=1.0, interval_s=2.0)


def _silent(*_: object) -> None:
    """The default listener."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """All that can be said to one site of the service.

    :param site: names and versions
    :param endpoint: base URL; the site's own by default
    :param connect_timeout_s: per attempt, seconds
    :param read_timeout_s: for each reply, seconds
    :param first_backoff_s: pause before a call is made again, doubled each time, seconds
    :param clock: wall-clock time, epoch seconds
    :param rng: source of jitter
    :param on_exchange: told what became of each request
    """

    site: Site = MAINLAND
    endpoint: str = ""
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    first_backoff_s: float = 2.0
    clock: Callable[[], float] = time.time
    rng: Random = field(default_factory=Random)
    on_exchange: Callable[[Exchange], None] = _silent

    def __post_init__(self) -> None:
        if self.endpoint:
            check_media_url(self.endpoint, field="endpoint")

    @property
    def base_url(self) -> str:
        """The endpoint in use."""
        return self.endpoint or self.site.endpoint

    def submit(self, request: VideoRequest, *, quota_attempts: int = _ATTEMPTS) -> Conversation[Submission]:
        """Start a render; never twice.

        Said again only where the request certainly never arrived (connection refused) or was refused by a limit: the API
        has no idempotency token, and each accepted submit is billed.

        :param request: what to render
        :param quota_attempts: how often to ask where a limit refuses; concurrency frees up in minutes, which is no time to block
        :raises SubmitOutcomeUnknownError: the request may have arrived and its reply was lost
        :raises OmniHumanError: a definite refusal; nothing was started
        """
        check_reach(request.urls, endpoint=self.base_url)
        call = submit_video(self.site, request)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return (yield from self._exchange(call))
            except TransportError as error:
                if error.may_have_arrived:
                    raise outcome_unknown(error) from error
                if attempt == _ATTEMPTS:
                    raise
            except QuotaError:
                if attempt >= min(quota_attempts, _ATTEMPTS):
                    raise
            except MalformedReplyError as error:
                raise outcome_unknown(error) from error
            except ServiceError as error:
                if gave_up_while_forwarding(error):
                    raise outcome_unknown(error) from error
                raise
            yield self._backoff(attempt)
        raise AssertionError("unreachable")

    def fetch(self, task_id: str, *, aigc_meta: AigcMeta | None = None) -> Conversation[TaskReply]:
        """Ask once how a task is; passing faults are asked again a few times.

        :param task_id: of the submission
        :param aigc_meta: the AIGC label to write into the video
        :raises TaskFailedError: the job is over without a video
        :raises OmniHumanError: any other error
        """
        return (yield from self._asking(get_result(self.site, task_id, aigc_meta=aigc_meta), task_id=task_id))

    def wait_until_done(
        self,
        task_id: str,
        *,
        wait: Wait,
        aigc_meta: AigcMeta | None = None,
        schedule: Schedule | None = None,
        expected: Expected | None = None,
        on_change: Callable[[Progress], None] = _silent,
    ) -> Conversation[Video]:
        """Poll until the video is there.

        :param task_id: of the submission
        :param wait: deadline and tolerances
        :param aigc_meta: the AIGC label to write into the video
        :param schedule: when to ask
        :param expected: of the job, for what is told
        :param on_change: told once per change of status or kind of fault, and where nothing changes for long
        :raises TaskFailedError: the job is over without a video
        :raises TaskLostError: ``not_found`` or ``expired``
        :raises WaitTimeoutError: not done at the deadline; at least one poll was made
        :raises OmniHumanError: a permanent error, or faults for longer than ``wait`` tolerates
        """
        schedule = schedule or PollSchedule()
        call = get_result(self.site, task_id, aigc_meta=aigc_meta)
        started, poll = self.clock(), 0
        story = Story(task_id, on_change, since=started, expected=expected)
        faults, empty_urls = FaultWindow(wait.fault_tolerance_s), FaultWindow(wait.empty_url_tolerance_s)
        while True:
            now = self.clock()
            yield Pause(max(0.0, min(schedule.pause_s(poll, now=now, rng=self.rng), wait.deadline - now)))
            poll += 1
            try:
                reply = yield from self._exchange(call, until=wait.deadline)
            except OmniHumanError as error:
                error.with_task(task_id)
                if not error.retryable:
                    raise
                if faults.add(error, now=self.clock()):
                    story.met(error, now=self.clock())
            else:
                video = self._video_in(reply)
                is_done, is_queued = reply.status is TaskStatus.DONE, reply.status is TaskStatus.IN_QUEUE
                # The reply's time, not the question's, which may have waited for its turn.
                schedule.heard(heard_at=self.clock(), is_done=is_done, is_queued=is_queued)
                story.heard(reply.status, now=self.clock(), video=video, is_news=faults.clear())
                if video:
                    return video
                if is_done:
                    empty_urls.add(no_url_error(reply), now=self.clock())
            if self.clock() >= wait.deadline:
                faults.check(now=wait.deadline)
                raise timeout_error(task_id, status=story.status, waited_s=self.clock() - started)

    def fetch_video(self, task_id: str, *, aigc_meta: AigcMeta | None = None) -> Conversation[Video | None]:
        """Ask once; return the video if it is there, None while it is not.

        :raises TaskFailedError: the job is over without a video
        :raises TaskLostError: ``not_found`` or ``expired``
        """
        return self._video_in((yield from self.fetch(task_id, aigc_meta=aigc_meta)))

    def recognize_subject(self, image_url: str, *, timeout_s: float = 120.0) -> Conversation[bool]:
        """Ask whether a person, human-like or anthropomorphic subject is in the picture.

        :param image_url: http(s) URL of the picture
        :param timeout_s: for the whole conversation
        :raises TransportError: no answer in time
        """
        self._check_portrait(image_url)
        deadline = self.clock() + timeout_s
        submission = yield from self._asking(submit_recognition(self.site, image_url))
        call = get_result(self.site, submission.task_id, req_key=self.site.recognize)
        for poll in range(int(timeout_s) + 1):
            yield Pause(_RECOGNITION_SCHEDULE.pause_s(poll, now=self.clock(), rng=self.rng))
            reply = yield from self._asking(call, task_id=submission.task_id)
            if reply.status.is_lost:
                raise lost_error(reply)
            if reply.status is TaskStatus.DONE:
                return read_recognition(reply)
            if self.clock() >= deadline:
                break
        raise TransportError(f"subject recognition gave no answer within {timeout_s:.0f} s", task_id=submission.task_id)

    def detect_subjects(self, image_url: str) -> Conversation[Subjects]:
        """Find the subjects of the picture; their masks choose who speaks.

        :param image_url: http(s) URL of the picture
        """
        self._check_portrait(image_url)
        return (yield from self._asking(detect_subjects(self.site, image_url)))

    def probe(self) -> Conversation[None]:
        """Check the credentials at no cost: ask for a task that cannot exist.

        :raises OmniHumanError: why the connection does not work; ``not_found`` means that it does
        """
        made_up = f"probe-{uuid.uuid4()}"
        call = get_result(self.site, made_up)
        try:
            yield from self._exchange(call)
        except ServiceError as error:
            # The question was understood, so the key is good; only what concerns access or the service itself is a no.
            if lookup(error.code or "", http_status=error.http_status).kind is not Kind.INPUT:
                raise

    def _check_portrait(self, image_url: str) -> None:
        check_reach({"image_url": check_media_url(image_url, field="image_url")}, endpoint=self.base_url)

    def _asking(self, call: Call[T], *, task_id: str | None = None) -> Conversation[T]:
        """Make a call that is safe to repeat, a few times if faults pass."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return (yield from self._exchange(call))
            except OmniHumanError as error:
                if task_id:
                    error.with_task(task_id)
                if not error.retryable or attempt == _ATTEMPTS:
                    raise
            yield self._backoff(attempt)
        raise AssertionError("unreachable")

    def _exchange(self, call: Call[T], *, until: float | None = None) -> Conversation[T]:
        """Make a call once; tell what became of it."""
        timeouts = {"connect_timeout_s": self.connect_timeout_s, "read_timeout_s": self.read_timeout_s}
        try:
            result = call.read((yield call.to_request(self.base_url, **timeouts, until=until)))
        except OmniHumanError as error:
            self.on_exchange(Exchange(call.action, call.lane, error))
            raise
        self.on_exchange(Exchange(call.action, call.lane))
        return result

    def _backoff(self, attempt: int) -> Pause:
        return Pause(self.first_backoff_s * 2 ** (attempt - 1) * self.rng.uniform(0.5, 1.5))

    def _video_in(self, reply: TaskReply) -> Video | None:
        """Return the video if the reply has it, None while there is none; a lost task raises."""
        if reply.status.is_lost:
            raise lost_error(reply)
        if reply.status is not TaskStatus.DONE or not reply.video_url:
            return None
        return Video(
            task_id=reply.task_id,
            video_url=reply.video_url,
            aigc_meta_tagged=reply.aigc_meta_tagged,
            request_id=reply.request_id,
            asked_at=self.clock(),
        )
