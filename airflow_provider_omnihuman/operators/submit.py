"""Start a render and hand on its task id."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError, QuotaError
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.ledger.policy import Policy
from airflow_provider_omnihuman.observability.lineage_source import LineageSource
from airflow_provider_omnihuman.operators.deferral import DeferringOperator
from airflow_provider_omnihuman.operators.errors import by_coming_back, raising_airflow_errors, without_a_second_submit
from airflow_provider_omnihuman.operators.parameters import flag, is_nothing, optional_seconds, optional_text
from airflow_provider_omnihuman.operators.presenting import PresentedMediaOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.api.models import VideoRequest
    from airflow_provider_omnihuman.ledger.job import Finding, Job
    from airflow_provider_omnihuman.ledger.stores import Ledger
    from airflow_provider_omnihuman.ledger.submissions import Submissions
    from airflow_provider_omnihuman.operators.request import PreparedRequest

__all__ = ["OmniHumanSubmitOperator"]

_REQUEST_FIELDS = ("image_url", "audio_url", "mask_url", "prompt", "seed", "output_resolution", "pe_fast_mode")
_SHORTEST_PAUSE_S = 10.0
"""Airflow may fail a task that is resumed within about 5 s of its deferral."""


class OmniHumanSubmitOperator(LineageSource, DeferringOperator, PresentedMediaOperator):
    """Submit one avatar video to OmniHuman 1.5 and push its task id to XCom; does not wait.

    Inputs are checked before anything is paid. Each submit is written into a ledger before and after, so that a retry, a
    clear or a crash finds the job again instead of paying for it twice: the API has no idempotency token. The ledger is
    Airflow's task state (3.3 and later) or ``ledger_path``.

    XCom: the return value and the key ``task_id`` are the OmniHuman task id, a string; the key ``request`` is a mapping of
    what was asked, for the archive's manifest (URLs without their queries), with its ``fingerprint``, and what it is going to
    cost: ``estimated_seconds`` (the audio's length) and ``estimated_cost``, ``{amount, currency}`` by the connection's
    ``price_per_second``; None where one of them is not known.

    :param image_url: the portrait, an http(s) or ``s3://`` URL: JPG or PNG, < 5 MB, < 4096 pixels a side; by default the
        presenter's (templated)
    :param audio_url: the speech, an http(s) or ``s3://`` URL, shorter than 60 s (templated)
    :param mask_url: at most five mask URLs, http(s) or ``s3://``, from ``OmniHumanSubjectDetectionOperator``: who speaks
        (templated)
    :param prompt: picture, movement and camera, in zh, en, ja, ko, es-MX or id; ≤ 300 characters advised (templated)
    :param seed: −1, the default, for a random one; the same seed ≥ 0 with the same inputs very likely gives the same video
        (templated)
    :param output_resolution: 720 or 1080, the default (templated)
    :param pe_fast_mode: render faster at the cost of quality, by default not; the vendor advises it with 720 only (templated)
    :param presenter: the name of a presenter's file, or its whole ``s3://`` URI: gives the portrait, the mask, the prompt, the
        seed, the resolution, the fast mode and the AIGC label, as far as they are not given here (templated)
    :param presenters_path: the folder of presenters, here or in S3, a relative one beside the Dag file; by default Airflow's
        option ``[omnihuman] presenters_path``, else ``presenters`` (templated)
    :param omnihuman_conn_id: the connection to OmniHuman (templated)
    :param aws_conn_id: the connection that presigns ``s3://`` inputs (templated)
    :param presigned_url_expires_in: how long presigned inputs live, a timedelta or seconds, at most 7 days. The service
        fetches them when the job's turn comes
    :param check_inputs: read portrait and audio before the submit, and refuse what the service would refuse
    :param ledger_path: folder of the ledger, a URL for ``ObjectStoragePath`` that all workers can reach, such as
        ``s3://aws_default@bucket/ledger/``; by default Airflow's task state, which 3.1 and 3.2 do not have (templated)
    :param on_lost_task: ``"fail"`` or ``"resubmit"``, where the service no longer knows the job that the ledger names
        (12 h after its submit)
    :param on_orphaned_intent: ``"fail"`` or ``"resubmit"``, where an earlier try died inside the submit, and nobody knows
        whether the job exists; ``"resubmit"`` may pay twice, and is done once only
    :param force_new: submit, and pay, whatever is known; once for each clear of the task (templated)
    :param max_billed_seconds: refuse audio that is longer, before the submit: each second is billed (templated)
    :param quota_timeout: how long to wait, deferred, where a limit of the account refuses the submit (50429, 50430), a
        timedelta or seconds; None leaves it to the task's retries
    :raises AirflowFailException: what no retry mends: bad input, refused keys, a submit whose outcome is unknown
    :raises OmniHumanError: what a retry may mend, such as a ledger that does not answer
    """

    template_fields: Sequence[str] = (
        "image_url",
        "audio_url",
        "mask_url",
        "prompt",
        "seed",
        "output_resolution",
        "pe_fast_mode",
        "presenter",
        "presenters_path",
        "omnihuman_conn_id",
        "aws_conn_id",
        "ledger_path",
        "force_new",
        "max_billed_seconds",
    )
    ui_color = "#d7e8ff"
    signed_fields = ("image_url", "audio_url", "mask_url")

    def __init__(
        self,
        *,
        audio_url: str | XComArg,
        image_url: str | XComArg | None = None,
        presenter: str | None = None,
        presenters_path: str | None = None,
        mask_url: Sequence[str] | str | XComArg | None = None,
        prompt: str | None = None,
        seed: int | str | None = None,
        output_resolution: int | str | None = None,
        pe_fast_mode: bool | str | None = None,
        omnihuman_conn_id: str = OMNIHUMAN_CONN_ID,
        aws_conn_id: str | None = "aws_default",
        presigned_url_expires_in: timedelta | float = timedelta(hours=24),
        check_inputs: bool = True,
        ledger_path: str | None = None,
        on_lost_task: str = Policy.FAIL.value,
        on_orphaned_intent: str = Policy.FAIL.value,
        force_new: bool | str = False,
        max_billed_seconds: float | str | None = None,
        quota_timeout: timedelta | float | None = timedelta(hours=2),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            image_url=image_url,
            presenter=presenter,
            presenters_path=presenters_path,
            omnihuman_conn_id=omnihuman_conn_id,
            aws_conn_id=aws_conn_id,
            presigned_url_expires_in=presigned_url_expires_in,
            check_inputs=check_inputs,
            **kwargs,
        )
        self.audio_url: Any = audio_url  # Airflow renders templated arguments in place
        self.mask_url: Any = mask_url
        self.prompt = prompt
        self.seed = seed
        self.output_resolution = output_resolution
        self.pe_fast_mode = pe_fast_mode
        self.ledger_path = ledger_path
        self.on_lost_task = Policy.read(on_lost_task, field="on_lost_task")
        self.on_orphaned_intent = Policy.read(on_orphaned_intent, field="on_orphaned_intent")
        self.force_new = force_new
        self.max_billed_seconds = max_billed_seconds
        self.quota_timeout = quota_timeout
        self._quota_since: float | None = None

    def execute(self, context: Context) -> Any:
        """Submit; return the OmniHuman task id."""
        with raising_airflow_errors(mended=by_coming_back):
            self.take_presenter(context)
            return self.submit(context).task_id

    def resume_submit(self, context: Context, event: dict[str, Any]) -> Any:
        """Come back after a pause that a limit of the account asked for."""
        from airflow_provider_omnihuman.operators.telling import quota_return_text

        since: float = event["since"]
        self._quota_since = since
        self.log.info("%s", quota_return_text(since=since, now=time.time()))
        return self.execute(context)

    def resume_without_event(self, context: Context, failure: OmniHumanError) -> Any:  # noqa: ARG002 - for those that wait
        """Come back from a pause that no triggerer ended: nothing was started, so a retry may submit."""
        failure.retry = Retry.ASK_AGAIN
        failure.advice = "nothing was submitted: the task was waiting for a limit of the account to have room"
        with raising_airflow_errors():
            raise failure

    def take_presenter(self, context: Context) -> None:
        """Take from the presenter, where there is one, what the Dag did not give; names the job that is paid for already."""
        if is_nothing(self.presenter):
            return self.check_portrait()
        with self.submissions(context).naming_the_known_job():
            if presenter := self.read_presenter(context):
                self.fill(presenter.render)
                self.fill_portrait(presenter, mask=True)
        return None

    def ledger(self, context: Context) -> Ledger:
        """Return where this task instance remembers its job."""
        from airflow_provider_omnihuman.ledger.stores import ledger_for

        optional_text(self.ledger_path, field="ledger_path")  # refuses what is no text
        return ledger_for(context, ledger_path=self.ledger_path)

    def submissions(self, context: Context) -> Submissions:
        """Return the submits of this task instance."""
        from airflow_provider_omnihuman.ledger.submissions import Submissions

        return Submissions(
            ledger=self.ledger(context),
            service=self.hook,
            on_lost_task=self.on_lost_task,
            on_orphaned_intent=self.on_orphaned_intent,
            force_new=flag(self.force_new, field="force_new"),
            generation=getattr(context["ti"], "max_tries", None),
            aigc_meta=self._aigc_meta(),
            log=self.log,
        )

    def submit(self, context: Context) -> Job:
        """Find the job that is paid for already, or submit; push the XComs.

        :raises OmniHumanError: there is no job, or its outcome is unknown
        """
        from airflow_provider_omnihuman.observability.catalogue import QUOTA_PAUSES
        from airflow_provider_omnihuman.observability.submits import count_reuse, counting_submit
        from airflow_provider_omnihuman.operators.request import PreparedRequest

        max_billed_s = optional_seconds(self.max_billed_seconds, field="max_billed_seconds")
        quota_timeout_s = optional_seconds(self.quota_timeout, field="quota_timeout")
        submissions = self.submissions(context)
        prepared = PreparedRequest.build({name: getattr(self, name) for name in _REQUEST_FIELDS}, inputs=self._inputs())
        with submissions.naming_the_known_job():
            fingerprint = prepared.fingerprint(conn_id=self.omnihuman_conn_id, api=self.hook.api)
            self.name_content(fingerprint, is_random=prepared.request.seed < 0, context=context)
        submissions = self.submissions(context)  # who ask with the label as it is now
        facts = self._facts(prepared, fingerprint)
        finding = submissions.look_up(fingerprint, facts=facts)
        job, meter = finding.job or self._archived(facts), self.hook.meter.tagged(dag_id=context["ti"].dag_id)
        if job:
            count_reuse(meter, job.facts)
        else:
            if finding.refusal:
                raise finding.refusal
            facts["audio_duration_s"] = prepared.check(read=self.check_inputs, max_billed_s=max_billed_s)
            facts |= self.hook.price.estimate(facts["audio_duration_s"])
            for warning in prepared.warnings(endpoint=self.hook.api.base_url):
                self.log.warning("%s", warning)
            try:
                with counting_submit(meter, facts, refused_since=self._quota_since):
                    job = self._submit(submissions, prepared.request, finding, facts=facts)
            except QuotaError as error:
                meter.count(QUOTA_PAUSES)
                self._come_back(error, quota_timeout_s=quota_timeout_s)
                raise
        with self._kept(context, job.task_id):
            if "estimated_seconds" not in job.facts:  # a known job's: the ledger may have it from an earlier version
                job.facts.update(self.hook.price.estimate(job.facts.get("audio_duration_s")))
            context["ti"].xcom_push(key="task_id", value=job.task_id)
            context["ti"].xcom_push(key="request", value=job.facts)
        self.rendered = job.facts
        return job

    def _submit(self, submissions: Submissions, request: VideoRequest, finding: Finding, *, facts: dict[str, Any]) -> Job:
        # What breaks in the midst of it is told at once, unless the next try may submit again.
        may_retry = submissions.ledger.remembers and self.on_orphaned_intent is Policy.RESUBMIT
        with nullcontext() if may_retry else without_a_second_submit():
            return submissions.submit(request, finding, fingerprint=facts["fingerprint"], facts=facts)

    def _come_back(self, error: QuotaError, *, quota_timeout_s: float | None) -> None:
        """Defer until the limit may have room; return where the time for that is over, or was never given."""
        from random import Random

        from airflow_provider_omnihuman.api.submitting import quota_pause_s
        from airflow_provider_omnihuman.operators.telling import quota_pause_text
        from airflow_provider_omnihuman.triggers.pause import QuotaPauseTrigger
        from airflow_provider_omnihuman.triggers.task import DEFER_MARGIN

        now = time.time()
        since = self._quota_since or now
        if quota_timeout_s is None:
            return
        if now - since >= quota_timeout_s:
            error.message += f"; the submit was refused for {now - since:.0f} s (quota_timeout), nothing was started"
            return
        rng = Random()  # noqa: S311 - jitter is no secret
        pause_s = min(quota_pause_s(now - since, rng=rng), max(since + quota_timeout_s - now, _SHORTEST_PAUSE_S))
        times = {"since": since, "now": now, "resume_at": now + pause_s, "give_up_at": since + quota_timeout_s}
        self.log.info("%s", quota_pause_text(error, **times))
        self.warn_without_triggerer()
        self.defer(
            trigger=QuotaPauseTrigger(resume_at=now + pause_s, since=since),
            method_name="resume_submit",
            # Where no triggerer runs, the task is not deferred for ever.
            timeout=timedelta(seconds=max(0.0, since + quota_timeout_s - now)) + DEFER_MARGIN,
        )

    def _kept(self, context: Context, task_id: str) -> AbstractContextManager[None]:
        """Guard what follows the submit: without a ledger, a retry would not know of the job, and pay again."""
        return nullcontext() if self.ledger(context).remembers else without_a_second_submit(task_id)

    def _archived(self, facts: dict[str, Any]) -> Job | None:  # noqa: ARG002 - for those that know an archive
        return None

    def _facts(self, prepared: PreparedRequest, fingerprint: str) -> dict[str, Any]:
        return {
            **prepared.facts(),
            "req_key": self.hook.api.site.generate,
            "site": self.hook.api.site.name,
            "omnihuman_conn_id": self.omnihuman_conn_id,
            "fingerprint": fingerprint,
            "audio_duration_s": None,
            **self.presented_facts(),
        }
