"""The trigger that waits for a task on the triggerer's event loop.

It polls and never submits: a trigger may run twice at once (restart, two triggerers).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_omnihuman.api.conversations import Conversation
from airflow_provider_omnihuman.api.error_codes import Kind, Retry, lookup
from airflow_provider_omnihuman.api.errors import OmniHumanError, ServiceError, TransportError, error_from_dict
from airflow_provider_omnihuman.api.models import AigcMeta, Video
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import PollSchedule, Schedule
from airflow_provider_omnihuman.api.urls import scrub, shown
from airflow_provider_omnihuman.api.waiting import FaultWindow, Progress, Wait
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.shared_client import SharedClient

__all__ = ["DEFER_MARGIN", "MIN_FIRST_POLL_S", "OmniHumanTaskTrigger", "finished_task_id"]

MIN_FIRST_POLL_S = 10.0
"""Airflow may fail a task that is resumed within about 5 s of its deferral, before its old process is reaped."""

_MISSING_TOLERANCE_S = 60.0
_LOOK_UP_AGAIN_S = 10.0
DEFER_MARGIN = timedelta(minutes=10)
"""How much later than the trigger's own deadline Airflow's trigger timeout comes: it skips the callback, and all it can say."""


class OmniHumanTaskTrigger(BaseTrigger):
    """Wait until an OmniHuman task is done; fires one event, read by :func:`finished_task_id`.

    The event names the task and not its video: Airflow logs events and stores them, and the video's URL is signed.

    :param omnihuman_conn_id: whose task it is
    :param omnihuman_task_id: the task waited for (``task_id`` belongs to Airflow, which sets it on every trigger)
    :param deadline: wall-clock time, epoch seconds: it survives a restart of the triggerer
    :param aigc_meta: the AIGC label to write into the video, as a mapping
    :param first_poll_at: when to poll first, epoch seconds; by default in 10 s from the deferral, whatever the triggerer
        takes to start, and at once after a restart
    :param poll_interval_s: seconds between polls; None: as learned from the jobs that finished before
    :param render: what is known of the job beforehand, the fields of :class:`Render`; for a learned interval
    :param fault_tolerance_s: how long polls may go unanswered before the wait gives up, seconds
    """

    def __init__(
        self,
        *,
        omnihuman_conn_id: str,
        omnihuman_task_id: str,
        deadline: float,
        aigc_meta: dict[str, str] | None = None,
        first_poll_at: float | None = None,
        poll_interval_s: float | None = None,
        render: dict[str, Any] | None = None,
        fault_tolerance_s: float = 600.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it without annotations
        self.omnihuman_conn_id = omnihuman_conn_id
        self.omnihuman_task_id = omnihuman_task_id
        self.deadline = deadline
        self.aigc_meta = aigc_meta
        self.first_poll_at = time.time() + MIN_FIRST_POLL_S if first_poll_at is None else first_poll_at
        self.poll_interval_s = poll_interval_s
        self.render = render
        self.fault_tolerance_s = fault_tolerance_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments: plain JSON, no secrets."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "omnihuman_conn_id": self.omnihuman_conn_id,
                "omnihuman_task_id": self.omnihuman_task_id,
                "deadline": self.deadline,
                "aigc_meta": self.aigc_meta,
                "first_poll_at": self.first_poll_at,
                "poll_interval_s": self.poll_interval_s,
                "render": self.render,
                "fault_tolerance_s": self.fault_tolerance_s,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the task is over or the deadline has passed."""
        try:
            await self._wait()
        except OmniHumanError as error:
            yield TriggerEvent({"status": "error", "error": error.to_dict()})
        except Exception as error:
            # Out of here it would reach the task as "trigger failure", with the reason in the triggerer's log only.
            self.log.exception("The wait for OmniHuman task %s broke off", self.omnihuman_task_id)
            yield TriggerEvent({"status": "error", "error": _broken_off(error, self.omnihuman_task_id).to_dict()})
        else:
            yield TriggerEvent({"status": "success", "task_id": self.omnihuman_task_id})

    async def _wait(self) -> None:
        async with aclosing(await self._share()) as shared:
            while True:
                keys = shared.client.credentials
                try:
                    await shared.client.perform(self._conversation(shared))
                except ServiceError as error:
                    is_access = lookup(error.code or "", http_status=error.http_status).kind is Kind.ACCESS
                    if not is_access or not await shared.has_other_keys(keys):
                        raise
                    # The connection was edited meanwhile: the wait goes on with its new keys.
                else:
                    return

    def _conversation(self, shared: SharedClient) -> Conversation[Video]:
        return shared.client.api.wait_until_done(
            self.omnihuman_task_id,
            wait=Wait(deadline=self.deadline, fault_tolerance_s=self.fault_tolerance_s),
            aigc_meta=AigcMeta.from_dict(self.aigc_meta) if self.aigc_meta else None,
            schedule=self._schedule(shared.times),
            on_change=self._log_progress,
        )

    def _schedule(self, times: RenderTimes) -> Schedule:
        if self.poll_interval_s is None:
            return Render(**self.render or {}).schedule(times, first_poll_at=self.first_poll_at)
        return PollSchedule(first_s=max(0.0, self.first_poll_at - time.time()), interval_s=self.poll_interval_s)

    async def _share(self) -> SharedClient:
        """Return a share in the client; a connection that cannot be looked up now (its backend is away) is asked for again."""
        faults = FaultWindow(self.fault_tolerance_s)
        while True:
            try:
                return await SharedClient.open(OmniHumanHook(self.omnihuman_conn_id))
            except OmniHumanError:
                raise
            except Exception as error:  # noqa: BLE001 - the backends' own, of which there is no list
                if isinstance(error, AirflowNotFoundException):
                    # Airflow says so of backends that fail, too; and the worker had it moments ago.
                    faults.tolerance_s = min(faults.tolerance_s, _MISSING_TOLERANCE_S)
                what = f"the connection {self.omnihuman_conn_id!r} cannot be looked up: {type(error).__name__}"
                fault = TransportError(f"{what} ({scrub(str(error))[:200]})", task_id=self.omnihuman_task_id)
                if faults.add(fault, now=time.time()):
                    self.log.warning("OmniHuman task %s: asking again after a passing fault: %s", self.omnihuman_task_id, fault)
            await asyncio.sleep(self.poll_interval_s or _LOOK_UP_AGAIN_S)

    def _log_progress(self, progress: Progress) -> None:
        self.log.info("%s", progress)


def _broken_off(error: Exception, task_id: str) -> OmniHumanError:
    return OmniHumanError(
        f"the wait in the triggerer broke off: {type(error).__name__}: {scrub(str(error))[:200]}",
        task_id=task_id,
        retry=Retry.ASK_AGAIN,
        advice="the job itself may still finish; the triggerer's log has the whole story",
    )


def finished_task_id(event: Mapping[str, Any] | None) -> str:
    """Return the id of the task that the trigger saw done.

    :param event: as given to the operator's resume method
    :raises OmniHumanError: the error that the event carries, whole
    """
    match event:
        case {"status": "error", "error": dict() as error}:
            raise error_from_dict(error)
        case {"status": "success", "task_id": str() as task_id}:
            return task_id
        case _:
            raise OmniHumanError(f"the trigger fired an event that cannot be read: {shown(event)}")
