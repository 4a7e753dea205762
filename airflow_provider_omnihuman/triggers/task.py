"""The trigger that waits for a task on the triggerer's event loop.

It polls and never submits: a trigger may run twice at once (restart, two triggerers).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

__all__ = ["DEFER_MARGIN", "MIN_FIRST_POLL_S", "OmniHumanTaskTrigger", "finished_task_id", "goes_on_text"]

MIN_FIRST_POLL_S = 10.0
"""Airflow may fail a task that is resumed within about 5 s of its deferral, before its old process is reaped."""

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
        # Airflow imports this module on the loop that all triggers share; the hundred others that it takes come in a thread.
        outcome = _outcome() if _outcome.cache_info().currsize else await asyncio.to_thread(_outcome)
        yield TriggerEvent(await outcome(self))

    async def on_kill(self) -> None:
        """Say what becomes of the job (Airflow 3.3 calls this where a person ends a deferred task); it is not cancelled."""
        self.log.warning("%s", goes_on_text(self.omnihuman_task_id))


@cache
def _outcome() -> Callable[[OmniHumanTaskTrigger], Awaitable[dict[str, Any]]]:
    from airflow_provider_omnihuman.triggers.wait import outcome

    return outcome


def goes_on_text(task_id: str) -> str:
    """Return what a person should hear who ends a task whose job renders.

    :param task_id: of the job
    """
    return (
        f"OmniHuman task {task_id} goes on, and is billed: the API documents no way to stop it. Where there is a ledger, "
        "clearing this task waits for the same job; else wait for its id with OmniHumanTaskSensor, within 12 h of its submit"
    )


def finished_task_id(event: Mapping[str, Any] | None) -> str:
    """Return the id of the task that the trigger saw done.

    :param event: as given to the operator's resume method
    :raises OmniHumanError: the error that the event carries, whole
    """
    from airflow_provider_omnihuman.api.errors import OmniHumanError, error_from_dict
    from airflow_provider_omnihuman.api.urls import shown

    match event:
        case {"status": "error", "error": dict() as error}:
            raise error_from_dict(error)
        case {"status": "success", "task_id": str() as task_id}:
            return task_id
        case _:
            raise OmniHumanError(f"the trigger fired an event that cannot be read: {shown(event)}")
