"""Where records are kept: what cannot be read raises, and is never taken for "nothing known"."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError  # noqa: F401 - the store's own exceptions must not come through

from airflow_provider_omnihuman.ledger.errors import LedgerError
from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase
from airflow_provider_omnihuman.ledger.stores import NoLedger, ObjectStorageLedger, TaskStateLedger, ledger_for
from tests.conftest import BUCKET
from tests.task_context import TaskState, task_context

RECORD = LedgerRecord(phase=Phase.SUBMITTED, fingerprint="f", at=5.0, task_id="74", request={"prompt": "微笑"})
INTENT = LedgerRecord(phase=Phase.INTENT, fingerprint="f", at=4.0)


@pytest.fixture(params=["task state", "file", "s3"])
def ledger(request, tmp_path, connections):
    """A function that gives the ledger of a task instance, as each try would get it."""
    state = TaskState()

    def of(**task):
        match request.param:
            case "task state":
                return ledger_for(task_context(state=state, **task), ledger_path=None)
            case "file":
                (tmp_path / "ledger").mkdir(exist_ok=True)
                return ledger_for(task_context(state=state, **task), ledger_path=f"file://{tmp_path}/ledger")
            case _:
                return ledger_for(task_context(**task), ledger_path=f"s3://aws_default@{BUCKET}/ledger/")

    return of


def test_a_record_is_there_for_the_next_try_until_it_is_cleared(ledger):
    assert ledger().read() is None
    ledger().write(INTENT)
    assert ledger().read() == INTENT
    ledger().write(RECORD)
    assert ledger(try_number=2).read() == RECORD
    ledger().clear()
    assert ledger().read() is None
    ledger().clear()
    assert ledger().remembers


@pytest.mark.parametrize(
    "other",
    [
        {"map_index": 0},
        {"map_index": 1},
        {"task_id": "a_task.b"},
        {"dag_id": "a_dag/x"},
        {"run_id": "manual__2026-01-01T00:00:00_00:00"},
        {"run_id": "../a_dag/manual__2026-01-01T00:00:00+00:00"},
    ],
    ids=str,
)
@pytest.mark.parametrize("ledger", ["file"], indirect=True)
def test_task_instances_share_no_record(ledger, other):
    ledger().write(RECORD)
    assert ledger(**other).read() is None
    ledger(**other).write(INTENT)
    assert ledger().read() == RECORD


def test_ledger_path_wins_over_the_task_state(tmp_path):
    ledger = ledger_for(task_context(state=TaskState()), ledger_path=f"file://{tmp_path}")
    assert isinstance(ledger, ObjectStorageLedger)
    assert isinstance(ledger_for(task_context(state=TaskState()), ledger_path=None), TaskStateLedger)
    assert isinstance(ledger_for(task_context(), ledger_path=None), NoLedger)


def test_without_a_place_nothing_is_remembered():
    ledger = NoLedger()
    ledger.write(RECORD)
    assert ledger.read() is None
    assert not ledger.remembers


@pytest.mark.parametrize(
    ("path", "message", "retryable"),
    [
        ("ledger", "ledger_path must be a URL such as s3://", False),
        ("nosuch://bucket/x", r"ledger \(nosuch://bucket/x/a_dag", False),
        ("s3://aws_nowhere@bucket/x", "ledger .* cannot be read: ", True),
    ],
)
def test_a_place_that_cannot_be_used_is_told(connections, monkeypatch, path, message, retryable):
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS_NOWHERE",
        '{"conn_type":"aws","login":"k","password":"s3cr3t","extra":{"endpoint_url":"http://127.0.0.1:9","region_name":"us-east-1",'
        '"config_kwargs":{"connect_timeout":1,"retries":{"max_attempts":0}}}}',
    )
    with pytest.raises(LedgerError, match=message) as caught:
        ledger_for(task_context(), ledger_path=path).read()
    assert caught.value.retryable is retryable
    assert "nothing was submitted" in str(caught.value) or "must be a URL" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


class Broken:
    def get(self, *_args):
        raise RuntimeError("the API server is away")

    set = delete = get


@pytest.mark.parametrize("act", [lambda it: it.read(), lambda it: it.write(RECORD), lambda it: it.clear()])
def test_a_task_state_that_does_not_answer_raises_an_error_that_a_retry_may_mend(act):
    with pytest.raises(LedgerError, match="the API server is away") as caught:
        act(TaskStateLedger(Broken()))
    assert caught.value.retryable


def test_a_bucket_that_is_not_there_is_told_before_the_submit(connections):
    ledger = ledger_for(task_context(), ledger_path="s3://aws_default@no-such-bucket/ledger")
    with pytest.raises(LedgerError, match="cannot be written"):
        ledger.write(INTENT)


def test_half_a_record_is_no_missing_one(tmp_path):
    ledger = ledger_for(task_context(), ledger_path=f"file://{tmp_path}")
    ledger.write(RECORD)
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(LedgerError, match="is not JSON"):
        ledger.read()
