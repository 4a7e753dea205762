"""Portraits and speech that the service would refuse, or that are not there: found out before anything is paid."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from botocore.exceptions import EndpointConnectionError

from airflow_provider_omnihuman.operators.subjects import (
    OmniHumanSubjectDetectionOperator,
    OmniHumanSubjectRecognitionOperator,
)
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from tests.bad_input.cases import Refused, each
from tests.bad_input.files import uri
from tests.conftest import BUCKET


def portrait(name: str, file: str, *told: str) -> Refused:
    where = uri(file)
    return Refused(name=name, given={"image_url": where, "audio_url": uri("speech.wav")}, told=("image_url", where, *told))


def speech(name: str, file: str, *told: str) -> Refused:
    where = uri(file)
    return Refused(name=name, given={"image_url": uri("portrait.png"), "audio_url": where}, told=("audio_url", where, *told))


PORTRAITS = [
    portrait("picture of 6 MB", "6-mb.png", "is 5 MB or larger"),
    portrait("picture of 4096 pixels", "wide.png", "has 4096×8 pixels; each side must be below 4096: scale it down"),
    portrait("picture of 5000 pixels", "tall.jpg", "has 8×5000 pixels"),
    portrait("WebP", "picture.webp", "is webp; OmniHuman takes JPG or PNG: convert it"),
    portrait("GIF", "picture.gif", "is gif; OmniHuman takes JPG or PNG"),
    portrait("BMP", "picture.bmp", "is bmp; OmniHuman takes JPG or PNG"),
    portrait("TIFF", "picture.tiff", "is tiff; OmniHuman takes JPG or PNG"),
    portrait("half a picture", "half.png", "cannot be read as a picture"),
    portrait("empty picture", "empty", "is empty, not a picture"),
    portrait("error page for a picture", "error-page.png", "is text, not a picture: it begins with", "<html>"),
    portrait("PDF for a picture", "report.pdf", "cannot be read as a picture"),
    portrait("speech for a picture", "speech.wav", "a picture"),
    portrait("film for a picture", "silent.mp4", "a picture"),
    portrait("picture that is not there", "no-such.png", "HTTP 404", "check that"),
]

SPEECH = [
    speech("61 s of speech", "61-s.wav", "lasts 61.00 s; OmniHuman takes less than 60 s: split it into parts"),
    speech("exactly 60 s of speech", "exactly-60-s.wav", "lasts 60.00 s; OmniHuman takes less than 60 s"),
    speech("speech without samples", "no-samples.wav", "audio"),
    speech("empty speech", "empty", "is empty, not audio"),
    speech("error document for speech", "error.json", "is text, not audio", '{"error"'),
    speech("picture for speech", "portrait.png", "audio"),
    speech("film without sound for speech", "silent.mp4", "has no audio in it"),
    speech("playlist for speech", "playlist.m3u8", "cannot be read as audio"),
    speech("script for speech", "notes.txt", "cannot be read as audio"),
    speech("speech that is not there", "no-such.mp3", "HTTP 404", "check that"),
]

GOOD = {"image_url": uri("portrait.png"), "audio_url": uri("speech.wav")}

STORES = [
    Refused(
        name="wrong bucket",
        given={**GOOD, "audio_url": "s3://no-such-bucket/a.wav"},
        told=("audio_url", "s3://no-such-bucket/a.wav", "HTTP 404", "check that"),
    ),
    Refused(
        name="no AWS connection",
        given={**GOOD, "aws_conn_id": None},
        told=("image_url 's3://omnihuman-tests/in/portrait.png' cannot be presigned by the connection None", "credentials"),
    ),
    Refused(
        name="AWS connection that is not there",
        given={**GOOD, "aws_conn_id": "no_such_aws"},
        told=("image_url", "cannot be presigned by the connection 'no_such_aws'", "credentials", "check that it exists"),
    ),
    Refused(
        name="unreachable store",
        given=GOOD,
        connections={
            "aws_default": {
                "conn_type": "aws",
                "login": "AK",
                "password": "s3cr3t",
                "extra": {"endpoint_url": "http://127.0.0.1:9", "region_name": "us-east-1"},
            }
        },
        error=EndpointConnectionError,  # a retry may mend it
        told=("127.0.0.1:9",),
    ),
]


@each([*PORTRAITS, *SPEECH, *STORES])
def test_it_is_refused_before_anything_is_sent(refused, case):
    refused(case)


@pytest.mark.parametrize("operator", [OmniHumanSubjectRecognitionOperator, OmniHumanSubjectDetectionOperator])
@pytest.mark.parametrize("case", [PORTRAITS[0], PORTRAITS[3], PORTRAITS[9], PORTRAITS[-1]], ids=lambda case: case.name)
def test_a_portrait_is_refused_by_those_who_look_at_it_first(refused, operator, case):
    refused(Refused(name=case.name, given={"image_url": case.given["image_url"]}, told=case.told, operator=operator))


def test_a_link_that_expired_is_refused(run, emulator, monkeypatch):
    """The service would fetch the same."""
    link = f"{emulator.endpoint}/videos/7.mp4?expires=1&signature=s3cr3t"
    with pytest.raises(
        AirflowFailException, match=r"image_url http://127\.0\.0\.1:\d+/videos/7\.mp4 cannot be fetched: HTTP 40[34]"
    ) as caught:
        run(OmniHumanSubmitOperator(task_id="t", image_url=link, audio_url=uri("speech.wav")))
    assert "s3cr3t" not in str(caught.value)
    assert "CVSubmitTask" not in emulator.state()["requests"]


def test_a_key_with_other_scripts_is_found(run, emulator, s3):
    s3.copy_object(Bucket=BUCKET, Key="in/肖像 ü.png", CopySource=f"{BUCKET}/in/portrait.png")
    run(OmniHumanSubmitOperator(task_id="t", **GOOD | {"image_url": f"s3://{BUCKET}/in/肖像 ü.png"}))
    (job,) = emulator.state()["jobs"]
    assert json.dumps(job["body"]).count("X-Amz-Signature") == 2
