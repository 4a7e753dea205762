"""Wait for a task that was submitted elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, conf
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_omnihuman.api.errors import OmniHumanError, WaitTimeoutError
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.operators.deferral import DeferringOperator
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, seconds

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.api.models import AigcMeta, Video
    from airflow_provider_omnihuman.api.render import Render
    from airflow_provider_omnihuman.api.waiting import Wait
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["OmniHumanTaskSensor"]

_RESCHEDULED_EVERY_S = 10.0


class OmniHumanTaskSensor(BaseSensorOperator, DeferringOperator):
    """Wait until an OmniHuman task is done; costs nothing, and may be repeated at will.

    ``deferrable`` waits in the triggerer; ``mode="reschedule"`` frees the worker between polls; ``mode="poke"`` blocks it.

    XCom: the return value is ``{task_id, video_url, aigc_meta_tagged, request_id, asked_at, url_expires_at}``; ``video_url``
    dies at ``url_expires_at`` (epoch seconds), one hour after ``asked_at``.

    :param omnihuman_task_id: the task to wait for, as ``OmniHumanSubmitOperator`` returned it (templated)
    :param aigc_meta: the implicit AIGC label to write: ``producer_id`` and ``content_propagator``, and optionally
        ``content_producer`` and ``propagate_id``, each ≤ 256 characters (templated)
    :param omnihuman_conn_id: the connection that submitted it (templated)
    :param timeout: how long to wait, a timedelta or seconds, by the wall clock; ends in ``AirflowSensorTimeout``, which is
        not retried. The job may still finish: a sensor started anew within 12 h of the submit picks it up
    :param request: what the submit operator pushed under that key: with it, a learned interval knows what it waits for
        (templated)
    :param poke_interval: time between polls, a timedelta or seconds; None: as learned from the jobs that finished before, rarely
        at first and often around the expected end; with ``mode="reschedule"``, 10 s
    :param fault_tolerance: how long the service may be unreachable while waiting, a timedelta or seconds
    :param deferrable: wait in the triggerer instead of in a worker slot
    :raises AirflowFailException: the job failed, is lost, or the keys are refused: what no retry mends
    :raises AirflowSensorTimeout: not done in time
    """

    template_fields: Sequence[str] = ("omnihuman_task_id", "request", "aigc_meta", "omnihuman_conn_id")
    ui_color = "#d7e8ff"
    operator_extra_links = (VendorConsoleLink(),)

    def __init__(
        self,
        *,
        omnihuman_task_id: str | XComArg,
        request: dict[str, Any] | XComArg | None = None,
        aigc_meta: dict[str, str] | str | None = None,
        omnihuman_conn_id: str = OMNIHUMAN_CONN_ID,
        timeout: timedelta | float = timedelta(hours=2),
        poke_interval: timedelta | float | None = None,
        fault_tolerance: timedelta | float = timedelta(minutes=10),
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            timeout=timeout, poke_interval=_RESCHEDULED_EVERY_S if poke_interval is None else poke_interval, **kwargs
        )
        self._learns = poke_interval is None
        self.omnihuman_task_id: Any = omnihuman_task_id  # Airflow renders templated arguments in place
        self.request: Any = request
        self.aigc_meta = aigc_meta
        self.omnihuman_conn_id = omnihuman_conn_id
        self.fault_tolerance = fault_tolerance
        self.deferrable = deferrable

    @cached_property
    def hook(self) -> OmniHumanHook:
        """The hook of this task."""
        from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

        return OmniHumanHook(self.omnihuman_conn_id)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look for the video, in the way that the mode asks for."""
        from airflow_provider_omnihuman.api.render import Render
        from airflow_provider_omnihuman.api.waiting import Wait

        with _raising_sensor_errors():
            aigc_meta = aigc_meta_of(self.aigc_meta)
            wait = Wait(
                deadline=time.time() + seconds(self.timeout, field="timeout"),
                fault_tolerance_s=seconds(self.fault_tolerance, field="fault_tolerance"),
            )
            interval_s = None if self._learns else seconds(self.poke_interval, field="poke_interval")
            render = Render.of(self._request_facts())
            video = self._look(context, wait=wait, interval_s=interval_s, render=render, aigc_meta=aigc_meta)
        if video is None and self.deferrable:
            # Only now: a job that is done already never defers, which is cheaper and avoids resuming within seconds.
            self._defer(wait, interval_s=interval_s, render=render, aigc_meta=aigc_meta)
        return PokeReturnValue(is_done=True, xcom_value=video.to_dict()) if video else False

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - Airflow passes it
        """Resume when the trigger has fired; return the video."""
        from airflow_provider_omnihuman.operators.telling import done_text
        from airflow_provider_omnihuman.triggers.task import finished_task_id

        with _raising_sensor_errors():
            video = self.hook.fresh_video(finished_task_id(event), aigc_meta=aigc_meta_of(self.aigc_meta))
        if told := done_text(event, self._request_facts()):
            self.log.info("%s", told)
        return video.to_dict()

    def resume_without_event(self, context: Context, failure: OmniHumanError) -> dict[str, Any]:  # noqa: ARG002 - as above
        """Come back from a trigger that gave no event: with the video if it is there, or with the failure."""
        task_id: str = self.omnihuman_task_id
        with _raising_sensor_errors():
            aigc_meta = aigc_meta_of(self.aigc_meta)
            return self.video_without_event(
                task_id, failure, fetch=lambda: self.hook.fetch_video(task_id, aigc_meta=aigc_meta)
            ).to_dict()

    def _request_facts(self) -> dict[str, Any]:
        """Return what is known of the request; it only tells when to ask, so what is wrong with it ends no wait."""
        from airflow_provider_omnihuman.archive.errors import ArchiveError
        from airflow_provider_omnihuman.operators.archive_inputs import request_facts

        try:
            return request_facts(self.request)
        except ArchiveError as error:
            self.log.warning("Waiting without what the request tells: %s", error)
            return {}

    def _look(
        self, context: Context, *, wait: Wait, interval_s: float | None, render: Render, aigc_meta: AigcMeta | None
    ) -> Video | None:
        from airflow_provider_omnihuman.api.schedule import PollSchedule
        from airflow_provider_omnihuman.links.early import show_links

        try:
            # First of all: a job that is done already is not waited for.
            video = self.hook.fetch_video(self.omnihuman_task_id, aigc_meta=aigc_meta)
        except OmniHumanError as error:
            if not error.retryable:
                raise
            self.log.warning("A passing fault, asking again later: %s", error)
            video = None
        if video:
            self.log.info("OmniHuman task %s is done", video.task_id)
        if video or self.deferrable or self.mode != "poke":
            return video
        show_links(self, context)
        minutes = (wait.deadline - time.time()) / 60
        self.log.info("Waiting in this worker slot, for up to %.0f min; deferrable=True waits in the triggerer", minutes)
        schedule = None if interval_s is None else PollSchedule(first_s=interval_s, interval_s=interval_s)
        return self.hook.wait_until_done(self.omnihuman_task_id, wait=wait, aigc_meta=aigc_meta, schedule=schedule, render=render)

    def _defer(self, wait: Wait, *, interval_s: float | None, render: Render, aigc_meta: AigcMeta | None) -> None:
        from airflow_provider_omnihuman.operators.telling import deferral_text
        from airflow_provider_omnihuman.triggers.task import DEFER_MARGIN, OmniHumanTaskTrigger

        self.log.info("%s", deferral_text(wait.deadline))
        self.warn_without_triggerer()
        self.defer(
            trigger=OmniHumanTaskTrigger(
                omnihuman_conn_id=self.omnihuman_conn_id,
                omnihuman_task_id=self.omnihuman_task_id,
                deadline=wait.deadline,
                aigc_meta=aigc_meta.to_dict() if aigc_meta else None,
                poll_interval_s=interval_s,
                render=render.to_dict(),
                fault_tolerance_s=wait.fault_tolerance_s,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout) + DEFER_MARGIN,
        )


@contextmanager
def _raising_sensor_errors() -> Iterator[None]:
    """As for operators, but a deadline that passed is a sensor's timeout, which ``soft_fail`` can turn into a skip."""
    with raising_airflow_errors():
        try:
            yield
        except WaitTimeoutError as error:
            raise AirflowSensorTimeout(str(error)) from error
