"""Whatever is in the ledger: a record that can be acted on, or an error of ours; never "no record", which would pay twice."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.ledger.errors import LedgerError
from airflow_provider_omnihuman.ledger.record import LedgerRecord, Phase
from tests.fuzz.hostile import LEAKS, SECRET, bodies, documents, examples, is_clear, outcome

INTENT = {"phase": "intent", "fingerprint": "f" * 64, "at": 1_790_000_000.5, "generation": 1, "resubmission": True}
SUBMITTED = {
    **INTENT,
    "phase": "submitted",
    "task_id": "7392616336519610409",
    "request_id": "r",
    "request": {"image_url": "s3://b/p.png", "seed": 7},
}
BY_HAND = {"task_id": "7392616336519610409"}
WITH_A_SECRET = [{"task_id": 7, "request": {"image_url": text}} for text in LEAKS[:1]]
RECORDS = [INTENT, SUBMITTED, BY_HAND, *WITH_A_SECRET]

STORED = st.one_of(bodies(RECORDS), bodies(RECORDS).map(lambda body: body.decode(errors="replace")), documents(RECORDS))


@examples(1000)
@given(stored=STORED)
def test_a_record_can_be_acted_on_or_a_person_is_told_how_to_mend_it(stored):
    record = outcome(lambda: LedgerRecord.from_json(stored, where="s3://b/ledger/t.json"), ours=LedgerError)
    if isinstance(record, LedgerError):
        assert is_clear(record)
        assert 'write {"task_id": "<id of the job>"} there' in str(record)
        assert not record.retryable
        return
    assert record.phase is Phase.INTENT or record.task_id.strip()
    assert record.when
    assert LedgerRecord.from_json(json.dumps(record.to_dict())) == record
    assert SECRET not in str(record.task_id)
