"""A still picture with a speech is archived like any video, labelled, and free of charge."""

from __future__ import annotations

import json

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_omnihuman.operators.still_video import StillVideoOperator
from tests.conftest import PROJECT
from tests.operators.archives import body
from tests.task_context import task_context

LABEL = {"producer_id": "p-1", "content_propagator": "spread"}


def still(**arguments):
    return StillVideoOperator(**{"task_id": "still", "output_resolution": 180, **arguments}).execute(task_context())


def test_it_is_archived_with_poster_manifest_and_label(connections, inputs, s3):
    facts = still(**inputs, aigc_meta=LABEL)
    assert facts["uri"].endswith("/still.mp4")
    assert (facts["task_id"], facts["billed_seconds"], facts["cost"], facts["reused"]) == (None, 0.0, None, False)
    assert facts["duration_s"] == pytest.approx(1.2, abs=0.06)
    assert min(facts["width"], facts["height"]) == 180
    assert facts["aigc_label_found"] is True
    assert body(s3, facts["poster_uri"])[:2] == b"\xff\xd8"
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert manifest["request"]["image_url"] == inputs["image_url"]
    assert manifest["aigc_label"]["differences"] == []
    assert len(body(s3, facts["uri"])) == facts["bytes"]


def test_a_presenter_has_picture_and_label(connections, inputs, s3):
    facts = still(audio_url=inputs["audio_url"], presenter="news_anchor", presenters_path=str(PROJECT / "dags" / "presenters"))
    assert facts["aigc_label_found"] is True


def test_its_label_may_name_what_it_is_made_of(connections, inputs, s3):
    def named(**changed):
        facts = still(**inputs | changed, aigc_meta={**LABEL, "producer_id": "{content_id}"})
        requested = json.loads(body(s3, facts["manifest_uri"]))["aigc_label"]["requested"]
        assert facts["aigc_label_found"] is True
        return requested["producer_id"]

    first = named()
    assert len(first) == 64
    assert named() == first != named(output_resolution=160)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_url": None}, "image_url is missing"),
        ({"audio_url": ""}, "audio_url is missing"),
        ({"image_url": "s3://omnihuman-tests/gone.png"}, r"gone\.png is not there"),
        ({"output_resolution": "large"}, "output_resolution must be a whole number"),
        ({"s3_key": "x.json"}, "must not end in .json"),
    ],
)
def test_what_cannot_be_made_is_told(connections, inputs, changed, message):
    with pytest.raises(AirflowFailException, match=message):
        still(**inputs | changed)
