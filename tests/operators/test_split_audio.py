"""A talk in S3, or on the web, becomes pieces in S3 that are the same each time."""

import numpy as np
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.operators.split_audio import SplitAudioOperator
from tests.conftest import BUCKET
from tests.media.sounds import samples_of, wav_of
from tests.media.speech import RATE, talk
from tests.operators.archives import body, keys
from tests.task_context import task_context

PREFIX = f"s3://{BUCKET}/omnihuman/a_dag/manual__2026-01-01T00_00_00_00_00/a_task/"


@pytest.fixture(scope="module")
def samples():
    return talk(8.0, 0.5, 9.0, 0.5, 12.0, noise=20)


@pytest.fixture
def audio_url(connections, put, samples):
    return put("in/talk.wav", wav_of(samples, rate=RATE))


def split(audio_url, **arguments):
    operator = SplitAudioOperator(task_id="split", **{"audio_url": audio_url, "longest_s": 15} | arguments)
    return operator.execute(task_context())


def test_the_pieces_in_s3_are_the_talk_again(audio_url, s3, samples):
    pieces = split(audio_url)
    assert [piece["uri"] for piece in pieces] == [f"{PREFIX}piece-{number:03d}.wav" for number in range(3)]
    assert [piece["index"] for piece in pieces] == [0, 1, 2]
    sounds = [samples_of(body(s3, piece["uri"]))[0] for piece in pieces]
    assert np.array_equal(np.concatenate(sounds), samples)
    assert [piece["duration_s"] for piece in pieces] == [len(sound) / RATE for sound in sounds]
    assert pieces[1]["start_s"] == pieces[0]["duration_s"] == pytest.approx(8.25, abs=0.05)
    assert s3.head_object(Bucket=BUCKET, Key=pieces[0]["uri"].removeprefix(f"s3://{BUCKET}/"))["ContentType"] == "audio/wav"


def test_a_run_again_leaves_what_renders_were_made_from_as_it_is(audio_url, s3):
    def etags_and_times():
        return [(item["ETag"], item["LastModified"]) for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="talk/")["Contents"]]

    first = split(audio_url, s3_key="talk/")
    before = etags_and_times()
    assert split(audio_url, s3_key="talk/") == first
    assert etags_and_times() == before
    elsewhere = split(audio_url, s3_key="other/")
    assert [body(s3, piece["uri"]) for piece in elsewhere] == [body(s3, piece["uri"]) for piece in first]


def test_another_talk_under_the_same_name_replaces_the_pieces(audio_url, s3, put, samples):
    (before, *_rest) = split(audio_url, s3_key="talk/")
    put("in/talk.wav", wav_of(samples // 2, rate=RATE))
    (after, *_rest) = split(audio_url, s3_key="talk/")
    assert np.array_equal(samples_of(body(s3, after["uri"]))[0], samples[: round(after["duration_s"] * RATE)] // 2)
    assert after["uri"] == before["uri"]


def test_a_short_audio_is_one_piece(connections, put, speech_wav):
    (piece,) = split(put("in/short.wav", speech_wav(2.0)), longest_s=59)
    assert piece == {"uri": f"{PREFIX}piece-000.wav", "index": 0, "start_s": 0.0, "duration_s": 2.0}


def test_audio_on_the_web_is_taken_too_and_its_signature_is_told_nowhere(connections, presigned, speech_wav, logged):
    (piece,) = split(presigned("in/short.wav", speech_wav(2.0)))
    assert piece["duration_s"] == 2.0
    assert "X-Amz" not in logged()


@pytest.mark.parametrize(
    ("s3_key", "first"),
    [
        ("talks/monday/", "talks/monday/piece-000.wav"),
        ("talks/monday", "talks/monday/piece-000.wav"),
        (f"s3://{BUCKET}/周一", "周一/piece-000.wav"),
    ],
)
def test_the_place_is_what_the_user_says(audio_url, s3, s3_key, first):
    assert split(audio_url, s3_key=s3_key)[0]["uri"] == f"s3://{BUCKET}/{first}"
    assert first in keys(s3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"audio_url": ""}, "audio_url is empty"),
        ({"audio_url": "None"}, "audio_url is empty"),
        ({"audio_url": f"s3://{BUCKET}/in/nothing.wav"}, f"audio_url s3://{BUCKET}/in/nothing.wav is not there"),
        ({"audio_url": "talk.wav"}, "audio_url must be an http"),
        ({"audio_url": {"uri": "s3://b/k"}}, "audio_url must be text, not dict"),
        ({"longest_s": 60}, "longest_s must be 15 to 59 seconds, not 60: OmniHuman takes less than 60 s"),
        ({"longest_s": "14"}, "longest_s must be 15 to 59 seconds, not '14'"),
        ({"longest_s": "long"}, "longest_s must be"),
        ({"s3_bucket": "nowhere"}, "there is no bucket 'nowhere'"),
    ],
)
def test_bad_input_fails_at_once(audio_url, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        split(**{"audio_url": audio_url} | arguments)


def test_what_is_no_audio_is_named_as_the_user_did(connections, put):
    uri = put("in/page.mp3", b"<html>404</html>")
    with pytest.raises(AirflowFailException, match=f"audio_url '{uri}' is text, not audio"):
        split(uri)
