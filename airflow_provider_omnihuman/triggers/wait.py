"""The wait of one trigger, from its connection to its event: what a triggerer's process imports in a thread."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_provider_omnihuman.api.conversations import Conversation
from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError, ServiceError, TransportError
from airflow_provider_omnihuman.api.models import AigcMeta, Video
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import PollSchedule, Schedule
from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.api.waiting import FaultWindow, Progress, Wait
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.hooks.shared_client import SharedClient
from airflow_provider_omnihuman.observability.waits import TimedSchedule, counting_outcome

if TYPE_CHECKING:
    from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger

__all__ = ["outcome"]

_MISSING_TOLERANCE_S = 60.0
_TOLD = 200
"""Waits whose progress is logged. More than that are told at DEBUG."""
_LOOK_UP_AGAIN_S = 10.0


async def outcome(trigger: OmniHumanTaskTrigger) -> dict[str, Any]:
    """Wait until the task is over or the deadline has passed; return the event's payload: plain JSON, no signed URL.

    :param trigger: says what is waited for
    """
    done: dict[str, Any] = {}
    try:
        await _wait(trigger, done)
    except OmniHumanError as error:
        return {"status": "error", "error": error.to_dict()}
    except Exception as error:
        # Out of here it would reach the task as "trigger failure", with the reason in the triggerer's log only.
        trigger.log.exception("The wait for OmniHuman task %s broke off", trigger.omnihuman_task_id)
        return {"status": "error", "error": _broken_off(error, trigger.omnihuman_task_id).to_dict()}
    return {"status": "success", "task_id": trigger.omnihuman_task_id, **done}


async def _wait(trigger: OmniHumanTaskTrigger, done: dict[str, Any]) -> None:
    async with aclosing(await _share(trigger)) as shared:
        with counting_outcome(shared.meter):
            while True:
                keys = shared.client.credentials
                try:
                    await shared.client.perform(_conversation(trigger, shared, done))
                except ServiceError as error:
                    if not error.refuses_access or not await shared.has_other_keys(keys):
                        raise
                    # The connection was edited meanwhile: the wait goes on with its new keys.
                else:
                    return


def _conversation(trigger: OmniHumanTaskTrigger, shared: SharedClient, done: dict[str, Any]) -> Conversation[Video]:
    render = Render(**trigger.render or {})

    def log_progress(progress: Progress) -> None:
        # Each line costs Airflow's supervisor a round of its database, and where it cannot follow, lines hold up the loop of all
        # triggers. So not that it is done, which the resumed task says; and of thousands only what goes wrong.
        if progress.fault:
            trigger.log.warning("%s", progress)
        elif progress.video:
            done.update(done_at=progress.at, queued_s=progress.queued_s)
        else:
            trigger.log.log(logging.INFO if shared.users <= _TOLD else logging.DEBUG, "%s", progress)

    return shared.client.api.wait_until_done(
        trigger.omnihuman_task_id,
        wait=Wait(deadline=trigger.deadline, fault_tolerance_s=trigger.fault_tolerance_s),
        aigc_meta=AigcMeta.from_dict(trigger.aigc_meta) if trigger.aigc_meta else None,
        schedule=TimedSchedule(_schedule(trigger, render, shared.times), shared.meter, submitted_at=render.submitted_at),
        expected=render.expected(shared.times),
        on_change=log_progress,
    )


def _schedule(trigger: OmniHumanTaskTrigger, render: Render, times: RenderTimes) -> Schedule:
    if trigger.poll_interval_s is None:
        return render.schedule(times, first_poll_at=trigger.first_poll_at)
    return PollSchedule(first_s=max(0.0, trigger.first_poll_at - time.time()), interval_s=trigger.poll_interval_s)


async def _share(trigger: OmniHumanTaskTrigger) -> SharedClient:
    """Return a share in the client; a connection that cannot be looked up now (its backend is away) is asked for again."""
    faults = FaultWindow(trigger.fault_tolerance_s)
    while True:
        try:
            return await SharedClient.open(OmniHumanHook(trigger.omnihuman_conn_id))
        except OmniHumanError:
            raise
        except Exception as error:
            if isinstance(error, AirflowNotFoundException):
                # Airflow says so of backends that fail, too; and the worker had it moments ago.
                faults.tolerance_s = min(faults.tolerance_s, _MISSING_TOLERANCE_S)
            what = f"the connection {trigger.omnihuman_conn_id!r} cannot be looked up: {type(error).__name__}"
            fault = TransportError(f"{what} ({scrub(str(error))[:200]})", task_id=trigger.omnihuman_task_id)
            if time.time() >= trigger.deadline:
                raise fault from error
            if faults.add(fault, now=time.time()):
                told = "OmniHuman task %s: asking again after a passing fault: %s"
                trigger.log.warning(told, trigger.omnihuman_task_id, fault)
        pause_s = min(trigger.poll_interval_s or _LOOK_UP_AGAIN_S, _LOOK_UP_AGAIN_S, trigger.deadline - time.time())
        await asyncio.sleep(max(pause_s, 0.0))


def _broken_off(error: Exception, task_id: str) -> OmniHumanError:
    return OmniHumanError(
        f"the wait in the triggerer broke off: {type(error).__name__}: {scrub(str(error))[:200]}",
        task_id=task_id,
        retry=Retry.ASK_AGAIN,
        advice="the job itself may still finish; the triggerer's log has the whole story",
    )
