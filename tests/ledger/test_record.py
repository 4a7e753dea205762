"""A record that cannot be understood is an error, never "no record": a job may exist."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.ledger.errors import LedgerError
from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase

FULL = LedgerRecord(
    phase=Phase.SUBMITTED,
    fingerprint="f" * 64,
    at=1_790_000_000.5,
    generation=2,
    forced=True,
    resubmission=True,
    task_id="7400000000000000001",
    request_id="r",
    request={"seed": 7, "prompt": "微笑"},
)


@pytest.mark.parametrize("record", [FULL, LedgerRecord(phase=Phase.INTENT, fingerprint="f", at=1.0, generation=0)])
def test_it_survives_json_as_data_and_as_text(record):
    text = json.dumps(record.to_dict())
    assert LedgerRecord.from_json(json.loads(text)) == LedgerRecord.from_json(text) == record
    assert LedgerRecord.from_json(text.encode()) == record


def test_a_person_need_write_no_more_than_the_task_id():
    record = LedgerRecord.from_json('{"task_id": "74"}')
    assert (record.phase, record.task_id, record.fingerprint) == (Phase.SUBMITTED, "74", None)


def test_fields_of_a_later_version_are_passed_over():
    assert LedgerRecord.from_json({"phase": "intent", "colour": "blue"}).phase is Phase.INTENT


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{",
        b"\xff",
        "[" * 100_000,
        [],
        7,
        {},
        {"phase": "intent?"},
        {"phase": "submitted"},
        {"phase": "submitted", "task_id": " "},
        {"task_id": 7400000000000000001},
        {"phase": "intent", "at": "yesterday"},
        {"phase": "intent", "at": float("nan")},
        {"phase": "intent", "at": 1e300},
        {"phase": "intent", "at": True},
        {"phase": "intent", "generation": 1.5},
        {"phase": "intent", "request": []},
        {"phase": ["intent"]},
    ],
    ids=str,
)
def test_what_cannot_be_understood_says_what_to_do(value):
    with pytest.raises(LedgerError, match="task_id.*delete it") as caught:
        LedgerRecord.from_json(value, where="the file x.json")
    assert "the file x.json" in str(caught.value)
    assert not caught.value.retryable


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from([*FULL.to_dict()]), x),
    )
)
def test_nothing_stored_raises_anything_else(value):
    try:
        record = LedgerRecord.from_json(value)
    except LedgerError:
        return
    assert record.when
