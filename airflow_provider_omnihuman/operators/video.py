"""Submit and wait in one task: the unit that a pool with ``include_deferred`` can count."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError, TaskFailedError, TaskLostError
from airflow_provider_omnihuman.ledger.policy import Policy
from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.operators.errors import by_coming_back, by_submitting_anew, raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import boolean, flag, is_nothing, optional_text, seconds
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_omnihuman.api.models import Video
    from airflow_provider_omnihuman.ledger.job import Job
    from airflow_provider_omnihuman.operators.request import PreparedRequest
    from airflow_provider_omnihuman.operators.reuse import ArchivedVideos

__all__ = ["OmniHumanVideoOperator"]


class OmniHumanVideoOperator(OmniHumanSubmitOperator):
    """Render one avatar video with OmniHuman 1.5: submit, then wait until it is done, deferred by default from config.

    One task is what a pool with ``include_deferred`` counts: size such a pool to the account's concurrency, and no submit is
    refused for it. Takes every argument of :class:`OmniHumanSubmitOperator`.

    XCom: the return value is ``{task_id, video_url, aigc_meta_tagged, request_id, asked_at, url_expires_at, request}``.
    ``video_url`` dies at ``url_expires_at`` (epoch seconds), one hour after ``asked_at``: archive it, or ask again by task id
    (``OmniHumanToS3Operator`` does). It is None where an archived video was reused: ``request["reused"]`` names that one. The
    keys ``task_id`` and ``request`` are pushed as soon as the job exists.

    :param aigc_meta: the implicit AIGC label to write: ``producer_id`` and ``content_propagator``, and optionally
        ``content_producer`` and ``propagate_id``, each ≤ 256 characters (templated)
    :param timeout: how long one try waits for the video, a timedelta or seconds, by the wall clock; deferral and restarts do
        not extend it. The job may finish later: the next try picks it up. Renders take minutes to half an hour, and the
        account's queue comes on top
    :param poll_interval: time between polls, a timedelta or seconds; None: as learned from the jobs that finished before, rarely
        at first and often around the expected end
    :param fault_tolerance: how long the service may be unreachable while waiting, a timedelta or seconds
    :param deferrable: wait in the triggerer instead of in a worker slot
    :param reuse_archived: return the archived video where the same one was asked for before (in any Dag, any run), verified by
        size and checksum, at no cost; None does so with a fixed seed and ``s3://`` inputs only, which are known by their
        bytes; True with any; False never
    :param archive_index: where the archive notes its videos by fingerprint, ``s3://bucket/prefix/``; by default
        ``omnihuman/index/`` in the bucket of ``aws_conn_id``'s ``service_config``, without which nothing is reused (templated)
    :raises AirflowFailException: what no retry mends. Without a ledger, this includes a wait that was given up: a retry
        would submit, and pay, again; the message names the task id to wait for
    """

    template_fields: Sequence[str] = (*OmniHumanSubmitOperator.template_fields, "aigc_meta", "archive_index")
    operator_extra_links = (VendorConsoleLink(), ArchivedVideoLink(), ManifestLink())

    def __init__(
        self,
        *,
        aigc_meta: dict[str, str] | str | None = None,
        timeout: timedelta | float = timedelta(hours=2),
        poll_interval: timedelta | float | None = None,
        fault_tolerance: timedelta | float = timedelta(minutes=10),
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        reuse_archived: bool | None = None,
        archive_index: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aigc_meta = aigc_meta
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.fault_tolerance = fault_tolerance
        self.deferrable = deferrable
        self.reuse_archived = reuse_archived
        self.archive_index = archive_index
        self._waits_for: str | None = None

    def execute(self, context: Context) -> Any:
        """Submit and wait; return the video."""
        from airflow_provider_omnihuman.api.render import Render
        from airflow_provider_omnihuman.api.schedule import PollSchedule
        from airflow_provider_omnihuman.api.waiting import Wait
        from airflow_provider_omnihuman.links.early import show_links
        from airflow_provider_omnihuman.operators.telling import deferral_text
        from airflow_provider_omnihuman.triggers.task import DEFER_MARGIN, OmniHumanTaskTrigger

        with raising_airflow_errors(mended=by_coming_back):
            # All that can fail on its own account fails here, before the job is paid for.
            self.take_presenter(context)
            self._aigc_meta()
            interval_s = None if self.poll_interval is None else seconds(self.poll_interval, field="poll_interval")
            timeout_s = seconds(self.timeout, field="timeout")
            fault_tolerance_s = seconds(self.fault_tolerance, field="fault_tolerance")
            if self.deferrable:
                self.warn_without_triggerer()
            job = self.submit(context)
        if job.video or "reused" in job.facts:
            return self._result(job.video, job.facts)
        self._warn_if_too_short(timeout_s, audio_s=job.facts.get("audio_duration_s"))
        wait = Wait(deadline=time.time() + timeout_s, fault_tolerance_s=fault_tolerance_s)
        render = Render.of(job.facts)
        if self.deferrable:
            self.log.info("%s", deferral_text(wait.deadline))
            self.defer(
                trigger=OmniHumanTaskTrigger(
                    omnihuman_conn_id=self.omnihuman_conn_id,
                    omnihuman_task_id=job.task_id,
                    deadline=wait.deadline,
                    aigc_meta=job.facts["aigc_meta"],
                    poll_interval_s=interval_s,
                    render=render.to_dict(),
                    fault_tolerance_s=wait.fault_tolerance_s,
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=timeout_s) + DEFER_MARGIN,
            )
        self.log.info("Waiting in this worker slot, for up to %.0f min; deferrable=True waits in the triggerer", timeout_s / 60)
        with self._kept(context, job.task_id), self._ended(context):
            self._waits_for = job.task_id
            show_links(self, context)
            schedule = None if interval_s is None else PollSchedule(interval_s=interval_s)
            video = self.hook.wait_until_done(
                job.task_id, wait=wait, aigc_meta=self._aigc_meta(), schedule=schedule, render=render
            )
        return self._result(video, job.facts)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Resume when the trigger has fired; return the video."""
        from airflow_provider_omnihuman.operators.telling import done_text
        from airflow_provider_omnihuman.triggers.task import finished_task_id

        self.take_up(context)
        with self._ended(context):
            video = self.hook.fresh_video(finished_task_id(event), aigc_meta=self._aigc_meta())
        # Not through the deferral's own arguments, which dag.test() drops; XCom outlives a deferral.
        request = self._pushed(context, "request")
        if told := done_text(event, request):
            self.log.info("%s", told)
        return self._result(video, request)

    def on_kill(self) -> None:
        """Say what becomes of the job that this worker waits for; it is not cancelled."""
        from airflow_provider_omnihuman.triggers.task import goes_on_text

        if self._waits_for:
            self.log.warning("%s", goes_on_text(self._waits_for))

    def resume_without_event(self, context: Context, failure: OmniHumanError) -> Any:
        """Come back from a trigger that gave no event: with the video if it is there, or with the failure."""
        self.take_up(context)
        task_id = self._pushed(context, "task_id")
        if not task_id:  # it was a pause before the submit
            return super().resume_without_event(context, failure)
        with self._ended(context):
            video = self.video_without_event(
                task_id, failure, fetch=lambda: self.hook.fetch_video(task_id, aigc_meta=self._aigc_meta())
            )
        return self._result(video, self._pushed(context, "request"))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume; without a ledger, a trigger that failed, or whatever breaks here, must not lead to a second submit."""
        with self._kept(context, "(see this task's XCom task_id)"):
            task_id = self._pushed(context, "task_id")
        # None: it was a pause before the submit, and nothing is paid for yet.
        with self._kept(context, task_id) if task_id else nullcontext():
            return super().resume_execution(next_method, next_kwargs, context)

    def take_up(self, context: Context) -> None:
        """Take the label of the request that was submitted: the presenter may have changed since, and it may name its content."""
        from airflow_provider_omnihuman.operators.content_id import names_content

        if not is_nothing(self.presenter) or names_content(self.aigc_meta):
            self.aigc_meta = (self._pushed(context, "request") or {}).get("aigc_meta")

    def _pushed(self, context: Context, key: str) -> Any:
        """Return what this try pushed to XCom before it deferred."""
        ti = context["ti"]
        return ti.xcom_pull(task_ids=ti.task_id, key=key, map_indexes=ti.map_index)

    @contextmanager
    def _ended(self, context: Context) -> Iterator[None]:
        """Tell the ledger of a job that is over without a video; let Airflow retry where the next try pays nothing twice."""
        ledger = self.ledger(context)
        with raising_airflow_errors(mended=by_coming_back if ledger.remembers else by_submitting_anew):
            try:
                yield
            except TaskFailedError as error:
                self.submissions(context).forget(error)
                raise
            except TaskLostError as error:
                if self.on_lost_task is Policy.RESUBMIT:
                    error.retry = Retry.NEW_SUBMIT
                raise

    def _result(self, video: Video | None, request: dict[str, Any]) -> dict[str, Any]:
        self.rendered = request
        if video is None:  # the archived one, which has no URL of the service
            unknown = dict.fromkeys(("video_url", "aigc_meta_tagged", "request_id", "asked_at", "url_expires_at"))
            return {"task_id": request["task_id"], **unknown, "request": request}
        return {**video.to_dict(), "request": {**request, "done_at": video.asked_at}}

    def _warn_if_too_short(self, timeout_s: float, *, audio_s: float | None) -> None:
        from airflow_provider_omnihuman.api.waiting import usual_render_s

        needed_s = usual_render_s(audio_s)
        if timeout_s < needed_s:
            self.log.warning(
                "timeout is %.0f s, and a render of %.0f s of audio has been seen to take %.0f s: it may be given up too early",
                timeout_s,
                audio_s,
                needed_s,
            )

    def _facts(self, prepared: PreparedRequest, fingerprint: str) -> dict[str, Any]:
        facts = {"aigc_meta": None, **super()._facts(prepared, fingerprint)}
        location = self._archive.location(fingerprint) if self._may_reuse(facts) else None
        return facts | ({"archive_index": location.uri} if location else {})

    def _archived(self, facts: dict[str, Any]) -> Job | None:
        """Return the job whose video is in the archive already, verified: it costs nothing."""
        if not self._may_reuse(facts) or flag(self.force_new, field="force_new"):
            return None
        found = self._archive.find(facts["fingerprint"], aigc_meta=self._aigc_meta())
        if found is None:
            return None
        from airflow_provider_omnihuman.ledger.job import Job

        self.log.info("Not submitted: the same video is in the archive, verified, at no cost: %s", found["reused"]["uri"])
        reused = found["reused"]
        self.linked = LinkedObjects(hook=self._archive.hook, uris={"video": reused["uri"], "manifest": reused["manifest_uri"]})
        return Job(task_id=found["task_id"], facts={**facts, **found, **self.hook.price.estimate(0.0)})

    @cached_property
    def _archive(self) -> ArchivedVideos:  # cached: each one looks the AWS connection up
        from airflow_provider_omnihuman.operators.reuse import ArchivedVideos

        return ArchivedVideos(aws_conn_id=self.aws_conn_id, index=optional_text(self.archive_index, field="archive_index"))

    def _may_reuse(self, facts: dict[str, Any]) -> bool:
        if self.reuse_archived is not None:
            return boolean(self.reuse_archived, field="reuse_archived")
        # An object in S3 is known by its bytes; what is behind a URL may be another file every day.
        inputs = [facts["image_url"], facts["audio_url"], *facts.get("mask_url", [])]
        return facts["seed"] >= 0 and all(url.lower().startswith("s3://") for url in inputs)
