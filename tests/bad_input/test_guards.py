"""What guards against paying twice, or too much, and is given wrongly: refused, since a guard that is misread guards nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from tests.bad_input.cases import ACCEPTABLE, Refused, each
from tests.bad_input.files import uri

GOOD = {"image_url": uri("portrait.png"), "audio_url": uri("ten-seconds.wav")}
ACCEPTABLE |= {
    OmniHumanVideoOperator: ACCEPTABLE[OmniHumanSubmitOperator],
    OmniHumanToS3Operator: {"omnihuman_task_id": "7392616336519610409"},
}


def guard(name: str, *told: str, defect: str = "", **given: Any) -> Refused:
    return Refused(name=name, given={**GOOD, **given}, told=told, defect=defect)


def at_import(name: str, *told: str, **given: Any) -> Refused:
    return Refused(name=name, given={**GOOD, **given}, told=told, error=InvalidRequestError, when_written=True)


BUDGETS = [
    guard("budget below the audio", "audio_url", "lasts 10.00 s", "max_billed_seconds is 5", max_billed_seconds=5),
    guard("budget below the audio, unchecked", "lasts 10.00 s", max_billed_seconds="9.9", check_inputs=False),
    guard("budget of words", "max_billed_seconds must be", "'cheap'", max_billed_seconds="cheap"),
    guard("budget of nothing", "max_billed_seconds must be", "not 0", max_billed_seconds=0),
    guard("budget below nothing", "max_billed_seconds must be", "not -1", max_billed_seconds=-1),
    guard("budget of NaN", "max_billed_seconds must be", "not nan", max_billed_seconds=math.nan),
    guard("budget of 'NaN'", "max_billed_seconds must be", "not nan", max_billed_seconds="NaN"),
    guard("endless budget", "max_billed_seconds must be", "not inf", max_billed_seconds="inf"),
    guard("budget true", "max_billed_seconds must be", "not True", max_billed_seconds=True),
    guard("budget as a list", "max_billed_seconds must be", "not [60]", max_billed_seconds=[60]),
    guard(
        "budget for audio that nobody here can read",
        "the length of audio_url http://127.0.0.1:9/a.mp3 is not known",
        "max_billed_seconds=30 cannot be kept",
        audio_url="http://127.0.0.1:9/a.mp3",
        max_billed_seconds=30,
    ),
]

POLICIES = [
    at_import("lost: maybe", 'on_lost_task must be "fail" or "resubmit", not \'maybe\'', on_lost_task="maybe"),
    at_import("lost: true", "on_lost_task must be", "not True", on_lost_task=True),
    at_import("orphaned: ignore", 'on_orphaned_intent must be "fail" or "resubmit", not \'ignore\'', on_orphaned_intent="ignore"),
    at_import("orphaned: a list", "on_orphaned_intent must be", "not ['fail']", on_orphaned_intent=["fail"]),
    guard("force: perhaps", "force_new must be true or false, not 'perhaps'", force_new="perhaps"),
    guard("force: 2", "force_new must be true or false, not 2", force_new=2),
    guard("quota: NaN", "quota_timeout must be", "not nan", quota_timeout=math.nan),
    guard("quota: '2h'", "quota_timeout must be", "not '2h'", quota_timeout="2h"),
    guard("quota: no time", "quota_timeout must be", "not 0", quota_timeout=0),
]

LEDGERS = [
    guard("ledger that is no URL", "ledger_path must be a URL", "'ledger/'", ledger_path="ledger/"),
    guard("ledger as a number", "ledger_path must be text, not int 7", ledger_path=7),
    guard("ledger of an unknown store", "the submission ledger", "nosuch", "nothing was submitted", ledger_path="nosuch://b/l/"),
    guard(
        "ledger below a file", "the submission ledger", "/dev/null", "nothing was submitted", ledger_path="file:///dev/null/l/"
    ),
]


def reusing(name: str, *told: str, defect: str = "", **given: Any) -> Refused:
    arguments = {**GOOD, "seed": 7, "deferrable": True, **given}
    return Refused(name=name, operator=OmniHumanVideoOperator, given=arguments, told=told, defect=defect)


REUSE = [
    reusing("index in another store", "archive_index must be an s3://", "'gs://b/i/'", archive_index="gs://b/i/"),
    reusing("index without a scheme", "archive_index must be an s3://", "'index/'", archive_index="index/"),
    reusing("index without a bucket", "archive_index must be an s3://", "'s3:///i/'", archive_index="s3:///i/"),
    reusing("index as a number", "archive_index must be", "7", archive_index=7),
    reusing("index in a bucket that is not there", "no-such-bucket", "create the bucket", archive_index="s3://no-such-bucket/i/"),
    reusing(
        "reuse: maybe",
        "reuse_archived must be",
        "'maybe'",
        reuse_archived="maybe",
    ),
]


def archiving(name: str, *told: str, **given: Any) -> Refused:
    return Refused(name=f"archive: {name}", operator=OmniHumanToS3Operator, given=given, told=told)


ARCHIVES = [
    Refused(
        name="archive: label policy",
        operator=OmniHumanToS3Operator,
        given={"aigc_label": "maybe"},
        told=("aigc_label", "'maybe'", "warn"),
        error=ValueError,
        when_written=True,
    ),
    archiving("done yesterday", "done_at must be", "'yesterday'", done_at="yesterday"),
    archiving("done at NaN", "done_at must be", "nan", done_at=math.nan),
    archiving("done at true", "done_at must be", "True", done_at=True),
    archiving("reused of nothing", "reused.uri must be an s3://bucket/key URI", request={"reused": {"uri": "https://h/v.mp4"}}),
]


@each([*BUDGETS, *POLICIES, *LEDGERS, *REUSE, *ARCHIVES])
def test_it_is_refused_before_anything_is_sent(refused, case):
    refused(case)


@pytest.mark.parametrize("content", ["", "{half", "[]", "null", '{"phase": "paid"}', '{"phase": "submitted"}', '{"task_id": 7}'])
def test_a_ledger_that_cannot_be_understood_is_no_empty_ledger(refused, tmp_path, content):
    """Somebody may have paid already."""
    record = Path(tmp_path, "a_dag", "manual__2026-01-01T00%3A00%3A00%2B00%3A00", "a_task.json")
    record.parent.mkdir(parents=True)
    record.write_text(content)
    told = ('write {"task_id": "<id of the job>"} there', "or delete it to submit anew")
    refused(guard("a ledger that was edited", *told, ledger_path=f"file://{tmp_path}"))
    assert record.read_text() == content
