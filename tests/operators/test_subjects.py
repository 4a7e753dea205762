"""Looking at a portrait: who is there, and whose mask is whose."""

from __future__ import annotations

import io

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_omnihuman.media.probe import probe_image
from airflow_provider_omnihuman.operators.subjects import (
    OmniHumanSubjectDetectionOperator,
    OmniHumanSubjectRecognitionOperator,
)
from tests.conftest import BUCKET, PROJECT
from tests.task_context import task_context

BOTH = [OmniHumanSubjectRecognitionOperator, OmniHumanSubjectDetectionOperator]


@pytest.fixture
def empty_picture():
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (640, 360), (200, 210, 220)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def quick(emulator):
    emulator.admin("POST", "/clock", {"speed": 100_000})


def look(operator, url, **arguments):
    return operator(task_id="look", image_url=url, **arguments).execute(task_context())


def test_a_subject_is_recognised(connections, quick, put, portrait_png):
    assert look(OmniHumanSubjectRecognitionOperator, put("in/p.png", portrait_png)) is True


@pytest.mark.parametrize("operator", BOTH)
@pytest.mark.parametrize(("on_missing", "error"), [("fail", AirflowFailException), ("skip", AirflowSkipException)])
def test_nobody_in_the_picture_fails_or_skips(connections, quick, put, empty_picture, operator, on_missing, error):
    url = put("in/empty.png", empty_picture)
    with pytest.raises(error, match="no person, human-like .* was found in s3://.*/in/empty.png"):
        look(operator, url, on_missing=on_missing)


def test_nobody_in_the_picture_can_be_an_answer(connections, quick, put, empty_picture):
    url = put("in/empty.png", empty_picture)
    assert look(OmniHumanSubjectRecognitionOperator, url, on_missing="continue") is False
    assert look(OmniHumanSubjectDetectionOperator, url, on_missing="continue") == []


def test_masks_of_two_people_are_kept_in_s3(connections, put, s3):
    url = put("in/duo.png", (PROJECT / "dags" / "portraits" / "duo.png").read_bytes())
    masks = look(OmniHumanSubjectDetectionOperator, url, s3_key="masks/today")
    assert masks == [f"s3://{BUCKET}/masks/today/mask-{number}.png" for number in (1, 2)]
    head = s3.head_object(Bucket=BUCKET, Key="masks/today/mask-1.png")
    assert head["ContentType"] == "image/png"
    mask = probe_image(s3.get_object(Bucket=BUCKET, Key="masks/today/mask-1.png")["Body"].read())
    assert (mask.width, mask.height) == (1280, 720)


def test_without_a_key_the_services_own_urls_are_returned(connections, emulator, put, portrait_png):
    (mask,) = look(OmniHumanSubjectDetectionOperator, put("in/p.png", portrait_png))
    assert mask.startswith(emulator.endpoint)


@pytest.mark.parametrize("operator", BOTH)
def test_a_picture_that_is_missing_is_refused_before_it_is_sent(connections, emulator, operator):
    with pytest.raises(AirflowFailException, match="image_url s3://.* cannot be fetched: HTTP 404"):
        look(operator, f"s3://{BUCKET}/missing.png")
    assert emulator.state()["requests"] == {}


def test_an_unknown_policy_is_refused_when_the_dag_is_written():
    with pytest.raises(ValueError, match="on_missing must be one of fail, skip, continue, not 'ignore'"):
        OmniHumanSubjectDetectionOperator(task_id="look", image_url="s3://b/k", on_missing="ignore")
