"""What the record asks for, as a table."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.ledger.decision import Action, decide
from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase

WANTED, OTHER = "a" * 64, "b" * 64


def submitted(fingerprint=WANTED, **fields):
    return LedgerRecord(phase=Phase.SUBMITTED, fingerprint=fingerprint, task_id="74", **fields)


def intent(fingerprint=WANTED, **fields):
    return LedgerRecord(phase=Phase.INTENT, fingerprint=fingerprint, **fields)


@pytest.mark.parametrize(
    ("record", "force_new", "action"),
    [
        (None, False, Action.SUBMIT),
        (None, True, Action.SUBMIT),
        (submitted(), False, Action.REUSE),
        (submitted(fingerprint=None), False, Action.REUSE),
        (submitted(OTHER), False, Action.SUBMIT),
        (intent(), False, Action.DECIDE),
        (intent(OTHER), False, Action.SUBMIT),
        (submitted(), True, Action.SUBMIT),
        (intent(), True, Action.SUBMIT),
        (submitted(forced=True, generation=1), True, Action.SUBMIT),  # cleared since
        (submitted(forced=True, generation=2), True, Action.REUSE),  # a retry of the forced submit
        (intent(forced=True, generation=2), True, Action.DECIDE),
        (submitted(forced=True, generation=2), False, Action.REUSE),
    ],
)
def test_the_record_decides(record, force_new, action):
    assert decide(record, fingerprint=WANTED, force_new=force_new, generation=2) is action
