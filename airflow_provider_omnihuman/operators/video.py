"""Submit and wait in one task: the unit that a pool with ``include_deferred`` can count."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_omnihuman.api.schedule import PollSchedule
from airflow_provider_omnihuman.api.waiting import Wait
from airflow_provider_omnihuman.operators.errors import by_submitting_anew, raising_airflow_errors, without_a_second_submit
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, seconds
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.triggers.task import DEFER_MARGIN, OmniHumanTaskTrigger, finished_task_id

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["OmniHumanVideoOperator"]


class OmniHumanVideoOperator(OmniHumanSubmitOperator):
    """Render one avatar video with OmniHuman 1.5: submit, then wait until it is done, deferred by default from config.

    One task is what a pool with ``include_deferred`` counts: size such a pool to the account's concurrency, and no submit is
    refused for it. Takes every argument of :class:`OmniHumanSubmitOperator`.

    XCom: the return value is ``{task_id, video_url, aigc_meta_tagged, request_id, asked_at, request}``; ``video_url`` dies
    one hour after ``asked_at`` (epoch seconds): archive it, or ask again by task id (``OmniHumanToS3Operator`` does). The
    keys ``task_id`` and ``request`` are pushed as soon as the job exists.

    :param aigc_meta: the implicit AIGC label to write: ``producer_id`` and ``content_propagator``, and optionally
        ``content_producer`` and ``propagate_id``, each ≤ 256 characters (templated)
    :param timeout: how long to wait for the video, a timedelta or seconds, by the wall clock; deferral and restarts do not
        extend it. Renders take minutes to half an hour, and the account's queue comes on top
    :param poll_interval: seconds between polls
    :param fault_tolerance: how long the service may be unreachable while waiting, a timedelta or seconds
    :param deferrable: wait in the triggerer instead of in a worker slot
    :raises AirflowFailException: what no retry mends. Once the job exists, this includes a wait that was given up: a retry
        would submit, and pay, again; the message names the task id to wait for
    """

    template_fields: Sequence[str] = (*OmniHumanSubmitOperator.template_fields, "aigc_meta")

    def __init__(
        self,
        *,
        aigc_meta: dict[str, str] | str | None = None,
        timeout: timedelta | float = timedelta(hours=2),
        poll_interval: float = 10.0,
        fault_tolerance: timedelta | float = timedelta(minutes=10),
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aigc_meta = aigc_meta
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.fault_tolerance = fault_tolerance
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Submit and wait; return the video."""
        with raising_airflow_errors():
            # All that can fail on its own account fails here, before the job is paid for.
            aigc_meta = aigc_meta_of(self.aigc_meta)
            schedule = PollSchedule(interval_s=seconds(self.poll_interval, field="poll_interval"))
            timeout_s = seconds(self.timeout, field="timeout")
            fault_tolerance_s = seconds(self.fault_tolerance, field="fault_tolerance")
            request = self.submit(context, aigc_meta=aigc_meta.to_dict() if aigc_meta else None)
        wait = Wait(deadline=time.time() + timeout_s, fault_tolerance_s=fault_tolerance_s)
        if self.deferrable:
            self.defer(
                trigger=OmniHumanTaskTrigger(
                    omnihuman_conn_id=self.omnihuman_conn_id,
                    omnihuman_task_id=request["task_id"],
                    deadline=wait.deadline,
                    aigc_meta=request["aigc_meta"],
                    poll_interval_s=schedule.interval_s,
                    fault_tolerance_s=wait.fault_tolerance_s,
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=timeout_s) + DEFER_MARGIN,
            )
        with raising_airflow_errors(mended=by_submitting_anew), without_a_second_submit(request["task_id"]):
            video = self.hook.wait_until_done(request["task_id"], wait=wait, aigc_meta=aigc_meta, schedule=schedule)
        return {**video.to_dict(), "request": request}

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Resume when the trigger has fired; return the video."""
        with raising_airflow_errors(mended=by_submitting_anew):
            video = self.hook.fresh_video(finished_task_id(event), aigc_meta=aigc_meta_of(self.aigc_meta))
        ti = context["ti"]
        # Not through the deferral's own arguments, which dag.test() drops; XCom outlives a deferral.
        request = ti.xcom_pull(task_ids=ti.task_id, key="request", map_indexes=ti.map_index)
        return {**video.to_dict(), "request": request}

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume; a trigger that failed, or anything else that breaks here, must not lead to a second submit."""
        with without_a_second_submit("(see this task's XCom task_id)"):
            return super().resume_execution(next_method, next_kwargs, context)
