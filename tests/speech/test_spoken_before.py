"""The same text gives the same bytes, in whatever run: engines give others each time, which would be another video to pay for."""

from __future__ import annotations

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.spoken import Spoken, keep_spoken
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from tests.conftest import BUCKET
from tests.task_context import task_context

KEPT = "omnihuman/index/speech/"


@pytest.fixture
def say(connections):
    def run(text="Good evening.", *, run_id="first", **arguments):
        return TextToSpeechOperator(task_id="speech", text=text, **arguments).execute(task_context(run_id=run_id))

    return run


def asked(emulator):
    return sum(emulator.state()["requests"].get("speech", {}).values())


def etag(s3, uri):
    return s3.head_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["ETag"]


def kept(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=KEPT).get("Contents", [])]


def test_another_run_takes_the_same_bytes_and_pays_nothing(say, s3, emulator, logged):
    first = say()
    second = say(run_id="second")
    assert asked(emulator) == 1
    assert second == first | {"uri": second["uri"]}
    assert second["uri"] != first["uri"]
    assert etag(s3, second["uri"]) == etag(s3, first["uri"])
    assert "Not spoken again" in logged()
    found = s3.get_object(Bucket=BUCKET, Key=second["uri"].removeprefix(f"s3://{BUCKET}/"))
    assert found["ContentType"] == "audio/mpeg"


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Good morning."},
        {"voice": "zh_male_m191_uranus_bigtts"},
        {"speech_rate": 10},
        {"audio_format": "ogg_opus"},
        {"engine_options": {"loudness_rate": 10}},
        {"reuse_spoken": False},
    ],
    ids=str,
)
def test_what_changes_the_sound_is_spoken(say, emulator, change):
    say()
    say(run_id="second", **change)
    assert asked(emulator) == 2


def test_nothing_is_kept_where_it_is_not_wanted(say, s3):
    say(reuse_spoken=False)
    assert kept(s3) == []


def test_nothing_is_kept_of_an_engine_whose_settings_nobody_knows(say, s3):
    say(engine=LocalSpeechEngine())
    assert kept(s3) == []


def test_a_kept_object_that_does_not_say_how_long_it_lasts_is_not_taken(say, s3, emulator):
    say()
    (key,) = kept(s3)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"no speech")
    assert say(run_id="second")["bytes"] > 1000
    assert asked(emulator) == 2


def test_what_cannot_be_kept_is_told_and_no_more(connections, s3, logged):
    place = S3Location(BUCKET, "not/there.mp3")
    keep_spoken(S3Hook(), place, S3Location(BUCKET, "kept.mp3"), Spoken(1.0, 7), content_type="audio/mpeg")
    assert "will be spoken anew next time" in logged()
