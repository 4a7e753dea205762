"""The hook: a connection of type ``omnihuman`` becomes a client that signs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient, OmniHumanClient
from airflow_provider_omnihuman.api.conversations import Conversation, Conversations
from airflow_provider_omnihuman.api.cost import Price
from airflow_provider_omnihuman.api.errors import OmniHumanError, ServiceError, TaskNotDoneError
from airflow_provider_omnihuman.api.expected import Expected
from airflow_provider_omnihuman.api.models import AigcMeta, Subjects, Submission, TaskReply, Video, VideoRequest
from airflow_provider_omnihuman.api.quota import RequestRate
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.schedule import PollSchedule, Schedule
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.waiting import Progress, Wait
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.hooks.fields import decoded_extra
from airflow_provider_omnihuman.hooks.form import HookWithForm
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile, learning
from airflow_provider_omnihuman.hooks.settings import ConnectionSettings
from airflow_provider_omnihuman.observability.exchanges import counting
from airflow_provider_omnihuman.observability.meter import Meter
from airflow_provider_omnihuman.observability.waits import TimedSchedule, counting_outcome

__all__ = ["OmniHumanHook"]

T = TypeVar("T")


class OmniHumanHook(HookWithForm):
    """Talk to Volcengine OmniHuman 1.5 with the keys of an Airflow connection.

    :param omnihuman_conn_id: a connection of type ``omnihuman``: login and password are the Access Key ID and the Secret
        Access Key; extras ``site``, ``region``, ``session_token``, ``endpoint``, ``connect_timeout_s``, ``read_timeout_s``,
        ``max_qps``, ``triggerer_count``, ``max_concurrency``, ``price_per_second``, ``currency``, ``role_trn``,
        ``role_session_name``, ``role_duration_s``, ``sts_endpoint``
    :raises InvalidConnectionError: on first use, naming the field that is missing or wrong
    """

    conn_name_attr = "omnihuman_conn_id"
    default_conn_name = OMNIHUMAN_CONN_ID
    conn_type = "omnihuman"
    hook_name = "OmniHuman (Volcengine)"

    def __init__(self, omnihuman_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.omnihuman_conn_id = omnihuman_conn_id
        self._client: OmniHumanClient | None = None
        self._price = Price()

    def settings(self) -> ConnectionSettings:
        """Return the connection, read and checked.

        :raises InvalidConnectionError: names the field
        """
        connection = self.get_connection(self.omnihuman_conn_id)
        return ConnectionSettings.read(connection, decoded_extra(connection))

    async def async_settings(self) -> ConnectionSettings:
        """Return the connection, read and checked, without blocking the event loop."""
        from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson

        connection = await get_async_connection(self.omnihuman_conn_id, self)
        try:
            extra = await get_async_extra_dejson(connection)
        except RecursionError:  # as in decoded_extra
            extra = {}
        return ConnectionSettings.read(connection, extra)

    def get_conn(self) -> OmniHumanClient:
        """Return the synchronous client; one per hook."""
        if self._client is None:
            settings = self.settings()
            self._price = Price(settings.price_per_second, settings.currency)
            self._meter = Meter.of(conn_id=self.omnihuman_conn_id, site=settings.site.name)
            counted = counting(self._meter)
            self._client = settings.client(OmniHumanClient, rate=RequestRate(settings.max_qps), on_exchange=counted)
        return self._client

    async def get_async_conn(self) -> AsyncOmniHumanClient:
        """Return a new asynchronous client, to be closed by the caller (``async with``)."""
        settings = await self.async_settings()
        meter = await asyncio.to_thread(Meter.of, conn_id=self.omnihuman_conn_id, site=settings.site.name)
        return settings.client(AsyncOmniHumanClient, rate=RequestRate(settings.max_qps), on_exchange=counting(meter))

    @property
    def meter(self) -> Meter:
        """Counts and times for this connection."""
        self.get_conn()
        return self._meter

    @property
    def price(self) -> Price:
        """What the connection says that a second of video costs."""
        self.get_conn()
        return self._price

    @property
    def api(self) -> Conversations:
        """The conversations that :meth:`perform` can have."""
        return self.get_conn().api

    def perform(self, conversation: Conversation[T]) -> T:
        """Have a conversation of :attr:`api`; return its result."""
        return self.get_conn().perform(conversation)

    def submit(self, request: VideoRequest, *, quota_attempts: int = 4) -> Submission:
        """Start a render; see :meth:`Conversations.submit`. Each accepted submit is billed."""
        return self.perform(self.api.submit(request, quota_attempts=quota_attempts))

    def fetch(self, task_id: str, *, aigc_meta: AigcMeta | None = None) -> TaskReply:
        """Ask once how a task is; see :meth:`Conversations.fetch`."""
        return self.perform(self.api.fetch(task_id, aigc_meta=aigc_meta))

    def fetch_video(self, task_id: str, *, aigc_meta: AigcMeta | None = None) -> Video | None:
        """Ask once for the video, None while it is not done; see :meth:`Conversations.fetch_video`."""
        return self.perform(self.api.fetch_video(task_id, aigc_meta=aigc_meta))

    def wait_until_done(
        self,
        task_id: str,
        *,
        wait: Wait,
        aigc_meta: AigcMeta | None = None,
        schedule: Schedule | None = None,
        render: Render | None = None,
        expected: Expected | None = None,
        on_change: Callable[[Progress], None] | None = None,
    ) -> Video:
        """Block until the video is there; see :meth:`Conversations.wait_until_done`. Changes are logged by default.

        :param schedule: when to ask; None: as learned from the jobs that finished before
        :param render: what is known of the job beforehand, for that, and to tell how long it usually takes
        :param expected: the latter; by default as learned
        """
        job = render or Render()
        if schedule is None:
            with learning(self.omnihuman_conn_id) as times:
                schedule, expected = job.schedule(times), expected or job.expected(times)
                return self.wait_until_done(
                    task_id, wait=wait, aigc_meta=aigc_meta, schedule=schedule, expected=expected, on_change=on_change
                )
        if expected is None and render:
            expected = render.expected(RenderTimesFile(self.omnihuman_conn_id).load())
        told = on_change or self._log_progress
        with counting_outcome(self.meter):
            schedule = TimedSchedule(schedule, self.meter, submitted_at=expected.submitted_at if expected else None)
            return self._wait(task_id, wait=wait, aigc_meta=aigc_meta, schedule=schedule, expected=expected, on_change=told)

    def _wait(self, task_id: str, **how: Any) -> Video:
        """Wait, with other keys where the connection was edited meanwhile."""
        while True:
            keys = self.get_conn().credentials
            wanted = self.api.wait_until_done(task_id, **how)
            try:
                return self.perform(wanted)
            except ServiceError as error:
                if not error.refuses_access or not self._has_other_keys(keys):
                    raise

    def fresh_video(self, task_id: str, *, aigc_meta: AigcMeta | None = None, patience_s: float = 300.0) -> Video:
        """Ask for a finished task's video anew: each URL has its own hour. A task that is not finished is told at once.

        :param aigc_meta: the label that earlier queries asked for; the service writes it into what it delivers to this one
        :param patience_s: how long to outlast passing faults and a URL that is not there yet, seconds
        :raises OmniHumanError: as :meth:`wait_until_done`
        """
        # The tolerances end before the deadline: a service that does not answer is no job that is late, and a retry may mend it.
        wait = Wait(deadline=time.time() + 1.5 * patience_s, fault_tolerance_s=patience_s, empty_url_tolerance_s=patience_s)
        schedule = PollSchedule(first_s=0, interval_s=5)
        return self._wait(task_id, wait=wait, aigc_meta=aigc_meta, schedule=schedule, on_change=self._expect_done)

    def recognize_subject(self, image_url: str) -> bool:
        """Ask whether a subject is in the picture; see :meth:`Conversations.recognize_subject`."""
        return self.perform(self.api.recognize_subject(image_url))

    def detect_subjects(self, image_url: str) -> Subjects:
        """Find the subjects of the picture; see :meth:`Conversations.detect_subjects`."""
        return self.perform(self.api.detect_subjects(image_url))

    def test_connection(self) -> tuple[bool, str]:
        """Check keys, clock, network and activation at no cost: ask for a task that cannot exist."""
        try:
            self.perform(self.api.probe())
        except OmniHumanError as error:
            # The form tests a copy of the connection, under a name that means nothing to its author.
            return False, str(error).removeprefix(f"connection {self.omnihuman_conn_id!r}: ")
        role = self.settings().role
        return True, f"{self.api.base_url} accepts the keys" + (f" of {role.trn}" if role else "")

    def _has_other_keys(self, refused: Credentials) -> bool:
        """Look the connection up again, for its keys were refused; return whether it holds others by now."""
        settings, client = self.settings(), self.get_conn()
        if not client.holds(settings.credentials, settings.role):
            client.renew(settings.credentials, role=settings.role, max_qps=settings.max_qps)
        return client.credentials != refused or client.drop(refused)

    def _log_progress(self, progress: Progress) -> None:
        self.log.info("%s", progress)

    def _expect_done(self, progress: Progress) -> None:
        if progress.fault:
            self.log.warning("%s", progress)
        elif progress.video:
            self.log.info("%s", progress)
        elif progress.status and not progress.status.is_over:
            raise TaskNotDoneError(
                f"task {progress.task_id} is not done yet, but {progress.status}",
                task_id=progress.task_id,
                advice="wait for it first, with OmniHumanTaskSensor or OmniHumanVideoOperator",
            )
