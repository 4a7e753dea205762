"""Submitting at most once: the ledger is asked before, told before, and told after.

Whatever line the process dies on, the next try finds either no intent (nothing was sent), an intent (it may have been), or
the job's id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from airflow_provider_omnihuman.api.cost import cost_text
from airflow_provider_omnihuman.api.error_codes import BUSINESS_CODES, Retry
from airflow_provider_omnihuman.api.errors import (
    OmniHumanError,
    SubmitOutcomeUnknownError,
    TaskFailedError,
    TaskLostError,
)
from airflow_provider_omnihuman.api.models import AigcMeta, Submission, Video, VideoRequest
from airflow_provider_omnihuman.ledger.decision import Action, decide
from airflow_provider_omnihuman.ledger.errors import LedgerError, OrphanedIntentError
from airflow_provider_omnihuman.ledger.job import Finding, Job
from airflow_provider_omnihuman.ledger.policy import Policy
from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase
from airflow_provider_omnihuman.ledger.stores import Ledger, insist

__all__ = ["Submissions"]

_SHORT = 12
"""Of a fingerprint's 64 digits, in a log: enough to find its index object."""


class Service(Protocol):
    """What is needed of the hook."""

    def submit(self, request: VideoRequest, *, quota_attempts: int) -> Submission:
        """Start a render."""

    def fetch_video(self, task_id: str, *, aigc_meta: AigcMeta | None) -> Video | None:
        """Ask once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """The submits of one task instance.

    :param ledger: what earlier tries left
    :param service: the hook
    :param on_lost_task: about a job that the service no longer knows
    :param on_orphaned_intent: about a try that died inside the submit
    :param force_new: submit, whatever is known
    :param generation: which clear of the task this try belongs to
    :param aigc_meta: the AIGC label to ask for when asking for a video
    :param log: the task's
    """

    ledger: Ledger
    service: Service
    on_lost_task: Policy = Policy.FAIL
    on_orphaned_intent: Policy = Policy.FAIL
    force_new: bool = False
    generation: int | None = None
    aigc_meta: AigcMeta | None = None
    log: Any = field(default_factory=lambda: logging.getLogger(__name__))
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def look_up(self, fingerprint: str, *, facts: dict[str, Any]) -> Finding:
        """Say what is known of the request; asks the service how a known job is.

        :param fingerprint: of the request
        :param facts: what is asked for now
        :raises LedgerError: that cannot be told
        :raises OmniHumanError: the service refuses to answer
        """
        record = self.ledger.read()
        match decide(record, fingerprint=fingerprint, force_new=self.force_new, generation=self.generation):
            case Action.REUSE if record:
                return self._known(record, fingerprint=fingerprint, facts=facts)
            case Action.DECIDE if record:
                return self._orphaned(record)
        if record and record.phase is Phase.INTENT:
            self.log.warning("A submit of another request was broken off %s; that job may exist, and be billed", record.when)
        elif record:
            why = "force_new" if record.fingerprint == fingerprint else "the request has changed"
            self.log.warning(
                "OmniHuman task %s, submitted %s, is abandoned (%s): it is billed, and can be fetched for 12 h",
                record.task_id,
                record.when,
                why,
            )
        return Finding(previous=record)

    def submit(self, request: VideoRequest, finding: Finding, *, fingerprint: str, facts: dict[str, Any]) -> Job:
        """Submit the request; the ledger is told before and after.

        :param request: checked: each accepted submit is billed
        :param finding: of :meth:`look_up`
        :param fingerprint: of the request
        :param facts: what is asked for
        :raises LedgerError: the intent could not be written; nothing was submitted
        :raises SubmitOutcomeUnknownError: the job may exist; the intent stays
        :raises OmniHumanError: a definite refusal; nothing was started, and the ledger says so
        """
        intent = LedgerRecord(
            phase=Phase.INTENT,
            fingerprint=fingerprint,
            at=self.clock(),
            generation=self.generation,
            forced=self.force_new,
            resubmission=finding.resubmission,
        )
        if not self.ledger.remembers:
            self.log.warning("No submission ledger: a retry after a crash may pay twice. Give ledger_path, or use Airflow 3.3")
        if self.ledger.read() != finding.previous:  # the inputs were read meanwhile, which takes its time
            raise LedgerError(
                "another process wrote into the submission ledger while this one prepared its submit",
                retry=Retry.ASK_AGAIN,
                advice="the next try looks what it was; nothing was submitted",
            )
        self.ledger.write(intent)
        try:
            submission = self.service.submit(request, quota_attempts=1)
        except SubmitOutcomeUnknownError as error:
            raise self._outcome_unknown(error, intent) from error
        except OmniHumanError:
            self._take_back(intent, finding.previous)
            raise
        # Into the log before the ledger: should this process die on the next line, a person finds the id here.
        audio_s = facts.get("audio_duration_s")
        self.log.info(
            "Submitted OmniHuman task %s (request %s, fingerprint %s): %s of audio at %sp%s",
            submission.task_id,
            submission.request_id,
            fingerprint[:_SHORT],
            "an unknown length" if audio_s is None else f"{audio_s:.1f} s",
            request.output_resolution,
            f", about {cost} by the connection's price" if (cost := cost_text(facts.get("estimated_cost"))) else "",
        )
        record = replace(
            intent,
            phase=Phase.SUBMITTED,
            at=self.clock(),
            task_id=submission.task_id,
            request_id=submission.request_id,
            request=facts,
        )
        self._remember(record)
        return Job.of(record, facts)

    @contextmanager
    def naming_the_known_job(self) -> Iterator[None]:
        """Name the job of an earlier try in the error that keeps this one from reaching it, such as an input that is gone."""
        try:
            yield
        except OmniHumanError as error:
            with suppress(LedgerError):
                if (record := self.ledger.read()) and record.task_id:
                    error.advice += (
                        f"; OmniHuman task {record.task_id}, submitted {record.when} by an earlier try, is not lost: wait for it "
                        "with OmniHumanTaskSensor within 12 h"
                    )
            raise

    def forget(self, error: TaskFailedError) -> None:
        """Delete the record of a job that is over and has no video; a code that nobody documents is no proof of that.

        :param error: the service's word about the job
        """
        if error.code in BUSINESS_CODES:
            insist(self.ledger.clear, log=self.log, sleep=self.sleep)

    def _take_back(self, intent: LedgerRecord, previous: LedgerRecord | None) -> None:
        """Leave the ledger as it was before the intent: nothing was started. What another try wrote meanwhile is its own."""

        def take_back() -> None:
            if self.ledger.read() == intent:
                self.ledger.write(previous) if previous else self.ledger.clear()

        insist(take_back, log=self.log, sleep=self.sleep)

    def _known(self, record: LedgerRecord, *, fingerprint: str, facts: dict[str, Any]) -> Finding:
        job = Job.of(record, {**facts, "audio_duration_s": record.request.get("audio_duration_s")})
        try:
            video = self.service.fetch_video(job.task_id, aigc_meta=self.aigc_meta)
        except (TaskLostError, TaskFailedError) as error:
            if record.fingerprint is None:
                return self._named_wrongly(error)
            if isinstance(error, TaskLostError):
                return self._lost(error, record)
            self.forget(error)
            if error.code not in BUSINESS_CODES:
                error.advice += (
                    f"; to submit anew all the same, set force_new, or delete {self.ledger.where}, and clear this task"
                )
                return Finding(refusal=error)
            # Whoever cleared the task since has mended something, or wants to see it fail again: at no cost, since it failed.
            if error.retry is Retry.NEW_SUBMIT or record.generation != self.generation:
                self.log.warning("The job of an earlier try failed, and is submitted anew: %s", error)
                return Finding()
            return Finding(refusal=error)
        except OmniHumanError as error:
            if not error.retryable:
                raise
            self.log.warning("OmniHuman task %s does not answer now, and is waited for: %s", job.task_id, error)
            video = None
        self.log.info(
            "Not submitted again: OmniHuman task %s, submitted %s, is the same request and is %s",
            job.task_id,
            record.when,
            "done" if video else "not over",
        )
        if record.fingerprint is None:  # a person named the job; from now on it belongs to this request
            self._remember(
                replace(
                    record,
                    fingerprint=fingerprint,
                    at=self.clock(),
                    generation=self.generation,
                    forced=self.force_new,
                    request=facts,
                )
            )
        return Finding(job=Job(task_id=job.task_id, facts=job.facts, video=video))

    def _lost(self, error: TaskLostError, record: LedgerRecord) -> Finding:
        if self.on_lost_task is Policy.RESUBMIT and not self._is_second(record):
            self.log.warning("on_lost_task is resubmit: %s", error)
            return Finding(resubmission=True, previous=record)
        error.message += f"; it was submitted {record.when}, and paid for"
        error.advice = (
            "if its video was never archived, it is gone: to render (and pay) again, set on_lost_task='resubmit' or "
            f"force_new, or delete {self.ledger.where}, and clear this task"
        )
        return Finding(refusal=error)

    def _named_wrongly(self, error: OmniHumanError) -> Finding:
        error.message += ": the id that was written into the ledger by hand"
        error.advice = (
            f"check it in the vendor's console, and mend it in {self.ledger.where}; or delete what is there to submit anew"
        )
        return Finding(refusal=error)

    def _is_second(self, record: LedgerRecord) -> bool:
        """Whether the policy was made use of already: it may cost one more job for each clear of the task, no more."""
        return record.resubmission and record.generation == self.generation

    def _orphaned(self, record: LedgerRecord) -> Finding:
        again = self._is_second(record)
        if self.on_orphaned_intent is Policy.RESUBMIT and not again:
            self.log.warning(
                "An earlier try was broken off inside its submit (%s): the job may exist, and be billed. It is submitted "
                "once more, as on_orphaned_intent says",
                record.when,
            )
            return Finding(resubmission=True, previous=record)
        return Finding(
            refusal=OrphanedIntentError(
                f"an earlier try of this task was broken off inside its submit ({record.when})"
                + (", and that was the second one already" if again else ""),
                advice=self._way_on(),
            )
        )

    def _outcome_unknown(self, error: SubmitOutcomeUnknownError, intent: LedgerRecord) -> SubmitOutcomeUnknownError:
        if not self.ledger.remembers:
            return error
        error.advice = self._way_on()
        if self.on_orphaned_intent is Policy.RESUBMIT and not intent.resubmission:
            error.retry = Retry.NEW_SUBMIT
        return error

    def _way_on(self) -> str:
        return (
            "the job may exist, and be billed, so it is not submitted again. Look for it in the vendor's console. If it is "
            f'there, write {{"task_id": "<its id>"}} into {self.ledger.where}; if not, delete what is there. Then clear this task'
        )

    def _remember(self, record: LedgerRecord) -> None:
        """Write the record; the job runs, so a ledger that fails now must not stop the wait for it."""
        if insist(lambda: self.ledger.write(record), log=self.log, sleep=self.sleep):
            self.log.error(
                "OmniHuman task %s is submitted, and the ledger could not be told: should this task die, its next try will stop "
                "and ask for that id",
                record.task_id,
            )
