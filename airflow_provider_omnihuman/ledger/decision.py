"""What to do with the ledger's record when a task starts. Pure."""

from __future__ import annotations

from enum import StrEnum

from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase

__all__ = ["Action", "decide"]


class Action(StrEnum):
    """What the record asks for."""

    SUBMIT = "submit"
    """No job of this request is known."""
    REUSE = "reuse"
    """A job exists and is paid for: ask how it is."""
    DECIDE = "decide"
    """Somebody died inside the submit: the policy decides."""


def decide(record: LedgerRecord | None, *, fingerprint: str, force_new: bool, generation: int | None) -> Action:
    """Return what to do.

    :param record: the ledger's; None where there is none
    :param fingerprint: of the request that is wanted now
    :param force_new: the user wants a new job, whatever is known. Honoured once for each clear of the task: a retry of
        the forced submit picks up the job that it forced, or each crash would be paid for
    :param generation: of this try
    """
    if record is None:
        return Action.SUBMIT
    if record.phase is Phase.SUBMITTED and record.fingerprint is None:
        return Action.REUSE  # a person named the job, as the message told them to: no standing order overrules that
    if force_new and not (record.forced and record.generation == generation):
        return Action.SUBMIT
    if record.fingerprint not in (None, fingerprint):
        return Action.SUBMIT
    return Action.REUSE if record.phase is Phase.SUBMITTED else Action.DECIDE
