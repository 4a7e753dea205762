"""A ledger in files is never taken for an empty one, and does not lose what it held."""

from __future__ import annotations

import resource
import signal

import pytest

from airflow_provider_omnihuman.ledger.errors import LedgerError
from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase
from airflow_provider_omnihuman.ledger.stores import ledger_for
from tests.task_context import task_context

INTENT = LedgerRecord(phase=Phase.INTENT, fingerprint="f", at=4.0)
RECORD = LedgerRecord(phase=Phase.SUBMITTED, fingerprint="f", at=5.0, task_id="74")


def test_a_share_that_is_not_mounted_is_no_empty_ledger(tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    ledger_for(task_context(), ledger_path=f"file://{share}/").write(RECORD)
    share.rename(tmp_path / "elsewhere")  # what another worker sees, where nobody mounted it
    with pytest.raises(LedgerError):
        ledger_for(task_context(), ledger_path=f"file://{share}/").read()


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path):
    ledger = ledger_for(task_context(), ledger_path=f"file://{tmp_path}")
    ledger.write(INTENT)
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no file of this process may grow
    try:
        with pytest.raises(LedgerError):
            ledger.write(RECORD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert ledger.read() == INTENT
