"""A job that is paid for, and what the ledger found out about one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.api.models import Video
from airflow_provider_omnihuman.ledger.record import LedgerRecord

__all__ = ["Finding", "Job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that is paid for.

    :param task_id: its id
    :param facts: what was asked and answered, as pushed to XCom under the key ``request``
    :param video: its video, where it is there already
    """

    task_id: str
    facts: dict[str, Any]
    video: Video | None = None

    @classmethod
    def of(cls, record: LedgerRecord, facts: dict[str, Any]) -> Job:
        """Return the job that a record names.

        :param record: one with a task id
        :param facts: what was asked for
        """
        at = None if record.at is None else datetime.fromtimestamp(record.at, UTC).isoformat(timespec="seconds")
        task_id = record.task_id or ""
        return cls(task_id=task_id, facts={**facts, "task_id": task_id, "request_id": record.request_id, "submitted_at": at})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the ledger knows of a request.

    :param job: the job to go on with; None where there is none
    :param refusal: why nothing may be submitted; None where it may
    :param resubmission: a submit now may be the second one for the same video
    :param previous: what the ledger held, and shall hold again if the service refuses the submit
    """

    job: Job | None = None
    refusal: OmniHumanError | None = None
    resubmission: bool = False
    previous: LedgerRecord | None = None
