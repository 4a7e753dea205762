"""One entry of the ledger: what is known of a task instance's job."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.ledger.errors import LedgerError

__all__ = ["LedgerRecord", "Phase"]

_HOW_TO_MEND = (
    'write {"task_id": "<id of the job>"} there to wait for a job that exists, or delete it to submit anew (which is billed)'
)


class Phase(StrEnum):
    """How far a submit has come."""

    INTENT = "intent"
    """About to be sent; if this is all that is left, somebody died inside the call."""
    SUBMITTED = "submitted"
    """Accepted: there is a task id, and it is billed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecord:
    """What is known of the job of one task instance (Dag, run, task, map index).

    :param phase: before or after the submit
    :param fingerprint: of the request; None in a record that a person wrote, which fits any request
    :param at: when it was written, epoch seconds
    :param generation: which clear of the task it belongs to: retries share one, a clear begins another
    :param forced: submitted because of ``force_new``
    :param resubmission: submitted because an earlier intent was orphaned or a job was lost
    :param task_id: of the job
    :param request_id: of the reply that accepted it
    :param request: what was asked, as pushed to XCom under the key ``request``
    """

    phase: Phase
    fingerprint: str | None = None
    at: float | None = None
    generation: int | None = None
    forced: bool = False
    resubmission: bool = False
    task_id: str | None = None
    request_id: str | None = None
    request: dict[str, Any] = field(default_factory=dict)

    @property
    def when(self) -> str:
        """The time it was written, for messages."""
        return "at an unknown time" if self.at is None else f"{datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, without what is empty."""
        data = {name: value for name, value in asdict(self).items() if not (value is None or value is False or value == {})}
        return data | {"phase": self.phase.value}

    @classmethod
    def from_json(cls, value: Any, *, where: str = "the ledger") -> LedgerRecord:
        """Read a record; a person may have written ``{"task_id": "…"}``, as JSON or as its text.

        :param value: as stored
        :param where: names the place in messages
        :raises LedgerError: it cannot be understood; a job may exist, so this is never "no record"
        """
        if isinstance(value, str | bytes):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise LedgerError(f"{where} is not JSON: {shown(value)}", advice=_HOW_TO_MEND) from error
        if not isinstance(value, dict):
            raise LedgerError(f"{where} is no record: {shown(value)}", advice=_HOW_TO_MEND)
        try:
            return cls(**_checked(value))
        except (TypeError, ValueError) as error:
            raise LedgerError(f"{where} cannot be understood ({error}): {shown(value)}", advice=_HOW_TO_MEND) from error


_TYPES: dict[str, type | tuple[type, ...]] = {
    "fingerprint": str,
    "at": (int, float),
    "generation": int,
    "forced": bool,
    "resubmission": bool,
    "task_id": str,
    "request_id": str,
    "request": dict,
}


def _checked(value: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that this version knows; those of a later one are passed over."""
    data = {name: value[name] for name in _TYPES if value.get(name) is not None}
    for name, item in data.items():
        if not isinstance(item, _TYPES[name]) or (isinstance(item, bool) and _TYPES[name] is not bool):
            raise TypeError(f"{name} is {type(item).__name__}")
    if not 0 <= data.get("at", 0) < 2**33 or math.isnan(data.get("at", 0)):
        raise ValueError("at is no time")
    phase = Phase(value.get("phase") or (Phase.SUBMITTED if data.get("task_id") else "missing"))
    if phase is Phase.SUBMITTED and not data.get("task_id", "").strip():
        raise ValueError("there is no task_id")
    return data | {"phase": phase}
