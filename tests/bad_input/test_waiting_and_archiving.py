"""Waiting for, archiving and looking at what cannot be: told at once, with nothing started and nothing written."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.subjects import (
    OmniHumanSubjectDetectionOperator,
    OmniHumanSubjectRecognitionOperator,
)
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor
from tests.bad_input.cases import ACCEPTABLE, SECRET, Refused, each
from tests.bad_input.files import uri

ACCEPTABLE |= {
    OmniHumanTaskSensor: {"omnihuman_task_id": "7392616336519610409", "deferrable": True, "poke_interval": 0.05},
    OmniHumanToS3Operator: {"omnihuman_task_id": "7392616336519610409"},
    OmniHumanSubjectDetectionOperator: {"image_url": uri("portrait.png")},
    OmniHumanSubjectRecognitionOperator: {"image_url": uri("portrait.png")},
}


def waiting(name: str, *told: str, **given: Any) -> Refused:
    return Refused(name=f"wait: {name}", operator=OmniHumanTaskSensor, given=given, told=told)


def archiving(name: str, *told: str, **given: Any) -> Refused:
    return Refused(name=f"archive: {name}", operator=OmniHumanToS3Operator, given=given, told=told)


def looking(name: str, *told: str, **given: Any) -> Refused:
    return Refused(name=f"look: {name}", operator=OmniHumanSubjectDetectionOperator, given=given, told=told)


def when_written(case: Refused, error: type[Exception] | tuple[type[Exception], ...]) -> Refused:
    """The same, but told when the Dag is imported."""
    return replace(case, error=error, when_written=True)


BY_AIRFLOW = (ValueError, AirflowException)
"""What Airflow's own sensor raises, by its version."""

WAITS = [
    waiting("no task id", "task id must be a non-empty string, not None", omnihuman_task_id=None),
    waiting("empty task id", "task id must be a non-empty string, not ''", omnihuman_task_id=""),
    waiting("blank task id", "task id must be a non-empty string", omnihuman_task_id="  "),
    waiting("task id as a number", "not 7392616336519610409", "a number loses digits", omnihuman_task_id=7392616336519610409),
    waiting("task id as a float", "not 7.39261633651961e+18", "a number loses digits", omnihuman_task_id=7392616336519610409.0),
    waiting("task id as a list", "task id must be a non-empty string, not ['7']", omnihuman_task_id=["7"]),
    waiting("task id with a NUL", "holds characters that no task id has", "'7\\x00'", omnihuman_task_id="7\x00"),
    waiting(
        "task id of nobody", "the service says not_found for task 7392616336519610409", "check the task id and the connection"
    ),
    waiting("label of a list", "aigc_meta must be a mapping, not list", aigc_meta=["p"]),
    waiting(
        "label without its producer", "aigc_meta lacks the required fields ['producer_id']", aigc_meta={"content_propagator": "c"}
    ),
    waiting("tolerating NaN", "fault_tolerance must be", "not nan", fault_tolerance=math.nan),
    waiting("tolerating '10 min'", "fault_tolerance must be", "not '10 min'", fault_tolerance="10 min"),
    when_written(waiting("for NaN", "timeout", timeout=math.nan), BY_AIRFLOW),
    when_written(waiting("for '2h'", "timeout", timeout="2h"), BY_AIRFLOW),
    when_written(waiting("every NaN", "poke_interval", poke_interval=math.nan), BY_AIRFLOW),
    when_written(waiting("every -1 s", "poke_interval", poke_interval=-1), BY_AIRFLOW),
]

ARCHIVES = [
    archiving("nothing", "video_url must be an http(s) URL", omnihuman_task_id=None),
    archiving(
        "a video in S3", "video_url must be an http(s) URL", "'s3://b/v.mp4'", omnihuman_task_id=None, video_url="s3://b/v.mp4"
    ),
    archiving("a data: URL", "video_url is a data: URL", omnihuman_task_id=None, video_url="data:video/mp4;base64,AA=="),
    archiving("task id as a number", "omnihuman_task_id must be text, not int 7", omnihuman_task_id=7),
    archiving(
        "XCom of a whole task for its id",
        "omnihuman_task_id must be text, not dict {'task_id': '7'}",
        "give the one value of it that is the task_id",
        omnihuman_task_id={"task_id": "7"},
    ),
    archiving("task id with a NUL", "holds characters that no task id has", omnihuman_task_id="7\x00", s3_key="a.mp4"),
    archiving("two buckets", "give either s3_bucket ('mine')", "not both", s3_key="s3://b/a.mp4", s3_bucket="mine"),
    archiving("key of 1,100 bytes", "the S3 key has 1100 bytes; S3 allows 1024", s3_key="x" * 1100),
    archiving("key with half an emoji", "the S3 key", "printable", s3_key="\ud83d.mp4"),
    archiving("key of a manifest", "s3_key must not end in .json or .jpg", "'a/b.json'", s3_key="a/b.json"),
    archiving("number for a key", "s3_key must be text, not int 7", s3_key=7),
    archiving("request that is no JSON", "request is not JSON", request="{half"),
    archiving("request as a list", "request must be the mapping under the XCom key 'request', not list", request=["a"]),
    archiving("audio length as text", "audio_duration_s must be a number of seconds, not '3'", request={"audio_duration_s": "3"}),
    archiving("audio length true", "audio_duration_s must be a number of seconds, not True", request={"audio_duration_s": True}),
    archiving(
        "over its own portrait", "s3://b/ann.jpg is an input", s3_key="s3://b/ann.mp4", request={"image_url": "s3://b/ann.jpg"}
    ),
    archiving("label as text", "aigc_meta is not JSON", aigc_meta="yes"),
    archiving("label of the request as a list", "aigc_meta must be a mapping, not list", request={"aigc_meta": ["p"]}),
    archiving("over what is there", "portrait.png exists already", s3_key=uri("portrait.png"), replace=False),
    archiving("a task of nobody", "the service says not_found for task 7392616336519610409"),
]

NO_BUCKET = {"aws_default": {"conn_type": "aws", "login": "AK", "password": SECRET, "extra": {"region_name": "us-east-1"}}}

LOOKS = [
    when_written(
        looking("unknown policy", "on_missing must be one of fail, skip, continue, not 'ignore'", on_missing="ignore"),
        InvalidRequestError,
    ),
    looking("two buckets", "give either s3_bucket ('mine')", "not both", s3_key="s3://b/m", s3_bucket="mine"),
    looking("number for a key", "s3_key must be text, not int 7", s3_key=7),
    looking("number for a bucket", "s3_bucket must be text, not int 7", s3_key="m", s3_bucket=7),
    looking("key of 1,100 bytes", "the S3 key has", "S3 allows 1024", s3_key="x" * 1100),
    looking("bucket that is not there", "there is no bucket 'no-such-bucket'", "create it", s3_key="s3://no-such-bucket/m"),
    looking("bucket name that S3 does not allow", "no bucket of the name 'my bucket'", s3_key="m", s3_bucket="my bucket"),
    looking("presigned for '1h'", "presigned_url_expires_in must be", "'1h'", presigned_url_expires_in="1h"),
    when_written(looking("portrait that is None", "image_url is missing", image_url=None), AirflowFailException),
    Refused(
        name="look: no bucket anywhere",
        operator=OmniHumanSubjectDetectionOperator,
        given={"image_url": "http://127.0.0.1:9/p.png", "check_inputs": False, "s3_key": "masks/"},
        connections=NO_BUCKET,
        told=("no bucket: give s3_bucket, a whole s3:// URL as s3_key",),
    ),
    Refused(
        name="archive: no bucket anywhere",
        operator=OmniHumanToS3Operator,
        connections=NO_BUCKET,
        told=("no bucket: give s3_bucket, a whole s3:// URL as s3_key",),
    ),
]


@each([*WAITS, *ARCHIVES, *LOOKS])
def test_it_is_refused_and_nothing_is_started_or_written(refused, case):
    refused(case)


@pytest.mark.parametrize("operator", [OmniHumanSubjectRecognitionOperator, OmniHumanSubjectDetectionOperator])
def test_the_same_look_without_the_mistake_finds_somebody(run, emulator, operator):
    """Or else the cases above would show nothing."""
    emulator.admin("POST", "/clock", {"speed": 100_000})
    assert run(operator(task_id="t", image_url=uri("portrait.png")))
