"""Texts, voices and places that cannot be: told before a character is billed."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.speech.errors import SpeechError
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from tests.bad_input.cases import ACCEPTABLE, Refused, each
from tests.bad_input.files import uri
from tests.conftest import BUCKET
from tests.speech.scripted_service import Reply, scripted

ACCEPTABLE[TextToSpeechOperator] = {"text": "Good evening."}


def speech(name: str, *told: str, defect: str = "", **given: Any) -> Refused:
    return Refused(name=name, operator=TextToSpeechOperator, given=given, told=told, defect=defect)


class EngineOfVinyl(LocalSpeechEngine):
    """An engine of one's own, with a format that nothing here can name."""

    audio_format = "vinyl"

    def __init__(self) -> None:
        """Pass by the checks of the one it is made of."""


class EngineWithoutALimit:
    name = "mine"


TEXTS = [
    speech("no text", "text is a NoneType", text=None),
    speech("number for a text", "text is a int", text=7),
    speech("list for a text", "text is a list", text=["Good", "evening"]),
    speech("empty text", "there is no text to speak: give a text", text=""),
    speech("text of spaces", "there is no text to speak", text=" \n\t "),
    speech("text of an ideographic space", "there is no text to speak", text="\u3000"),
    speech("text with half an emoji", "half a character (a lone surrogate)", text="Good \ud83d"),
    speech(
        "5,000 characters for Doubao",
        "has 5000 UTF-8 bytes, the doubao engine takes 1024",
        "set split_text=True",
        text="a" * 5000,
    ),
    speech("342 Chinese characters for Doubao", "the text has 1026 UTF-8 bytes", text="长" * 342),
    speech("3,001 characters for Polly", "3001 characters, the polly engine takes 3000", text="a" * 3001, engine="polly"),
    speech("a book for the local engine", "the local engine takes 100000", text="a" * 100_001, engine="local"),
]

ENGINES = [
    speech("unknown engine", "there is no speech engine 'espeak': use one of doubao, local, polly", engine="espeak"),
    speech("engine in capitals", "there is no speech engine 'Polly'", engine="Polly"),
    speech("number for an engine", "engine", "7", "doubao, local, polly", engine=7),
    speech("engine that lacks what engines have", "engine", "EngineWithoutALimit", engine=EngineWithoutALimit()),
    speech("engine of an unknown format", "vinyl", "mp3", engine=EngineOfVinyl()),
    speech("option on an engine that is an object", "sample_rate cannot be set", engine=LocalSpeechEngine(), sample_rate=8000),
    speech("options as a list", "engine_options is a list, not a mapping", engine_options=["resource_id"]),
    speech("option that Doubao has not", "the doubao engine has no option pitch: it has additions", engine_options={"pitch": 3}),
    speech("option that is no text", "the doubao engine has no option 7", engine_options={7: 3}),
    speech("connection smuggled in", "no option credentials", engine_options={"credentials": "x"}),
    speech("option that local has not", "no option pitch: it has none", engine="local", engine_options={"pitch": 3}),
    speech("engine that Polly has not", "Polly has no engine 'nerual'", engine="polly", engine_options={"engine": "nerual"}),
    speech("engine of Polly as a list", "Polly has no engine ['neural']", engine="polly", engine_options={"engine": ["neural"]}),
]

SETTINGS = [
    speech("format that Doubao has not", "Doubao Speech has no audio format 'wav': use one of mp3", audio_format="wav"),
    speech("format that nobody has", "the local engine has no audio format 'flac'", engine="local", audio_format="flac"),
    speech("number for a format", "audio_format must be text, not int 3", audio_format=3),
    speech("format as a list", "audio_format must be text, not list", audio_format=["mp3"]),
    speech("sample rate 'fast'", "sample_rate must be a whole number, not 'fast'", sample_rate="fast"),
    speech("sample rate NaN", "sample_rate must be a whole number, not nan", sample_rate=math.nan),
    speech("sample rate as a list", "sample_rate must be a whole number, not [8000]", sample_rate=[8000]),
    speech("sample rate as a mapping", "sample_rate must be a whole number, not {'hz': 8000}", sample_rate={"hz": 8000}),
    speech("sample rate 1", "Doubao Speech has no sample rate 1: use one of 8000", sample_rate=1),
    speech("sample rate true", "sample_rate must be a whole number, not True", sample_rate=True),
    speech("speech rate 101", "speech_rate is 101: use a whole number from -50 (half speed) to 100", speech_rate=101),
    speech("speech rate -51", "speech_rate is -51", speech_rate="-51", engine="local"),
    speech("speech rate NaN", "speech_rate must be a whole number, not nan", speech_rate=math.nan),
    speech("loudness 'loud'", "loudness_rate is 'loud'", engine_options={"loudness_rate": "loud"}),
    speech("loudness as a list", "loudness_rate is [7]", engine_options={"loudness_rate": [7]}),
    speech("loudness of a half", "loudness_rate is 7.5", engine_options={"loudness_rate": 7.5}),
    speech("resource as a number", "resource_id is 7: use one such as", engine_options={"resource_id": 7}),
    speech("resource with a line break", "resource_id is 'seed\\ntts'", engine_options={"resource_id": "seed\ntts"}),
    speech("additions as text", "additions is a str: give a mapping", engine_options={"additions": '{"a": 1}'}),
    speech("additions that are no JSON", "additions", "JSON", engine_options={"additions": {"a": {1, 2}}}),
    speech("additions of NaN", "additions", "JSON", engine_options={"additions": {"silence_duration": math.nan}}),
    speech("additions with half an emoji", "additions", engine_options={"additions": {"a": "\ud83d"}}),
    speech("max_bytes 0", "max_bytes is 0: use a whole number above 0", engine_options={"max_bytes": 0}),
    speech("max_bytes 'all'", "max_bytes is 'all'", engine_options={"max_bytes": "all"}),
    speech("max_bytes true", "max_bytes is True", engine_options={"max_bytes": True}),
    speech("number for a voice", "voice must be text, not int 7", voice=7),
    speech("voice that espeak-ng has not", "espeak-ng has no voice 'nobody'", engine="local", voice="nobody"),
    speech("voice that is a path", "espeak-ng has no voice '../../etc/passwd'", engine="local", voice="../../etc/passwd"),
    speech("voice with half an emoji", "voice is '\\ud83d': use a name", voice="\ud83d"),
    speech("voice with half an emoji for Polly", "voice is '\\ud83d'", engine="polly", voice="\ud83d"),
    speech(
        "language that is a number",
        "LanguageCode",
        "7",
        "check voice",
        engine="polly",
        engine_options={"language_code": 7},
    ),
]

PLACES = [
    speech("two buckets", "give either s3_bucket ('mine')", "not both", s3_key="s3://b/a.mp3", s3_bucket="mine"),
    speech("key of 1,100 bytes", "the S3 key has 1100 bytes; S3 allows 1024", s3_key="x" * 1100),
    speech("key with a line break", "of printable characters", "a\\nb.mp3", s3_key="a\nb.mp3"),
    speech("number for a key", "s3_key must be text, not int 7", s3_key=7),
    speech("number for a bucket", "s3_bucket must be text, not int 7", s3_bucket=7),
    speech("URL without a bucket", "'s3:///a.mp3'", s3_key="s3:///a.mp3"),
    speech("bucket that is not there", "there is no bucket 'no-such-bucket'", "create it", s3_key="s3://no-such-bucket/a.mp3"),
    speech("bucket name that S3 does not allow", "no bucket of the name 'my bucket'", s3_bucket="my bucket"),
    speech(
        "something in the way",
        "in/speech.wav exists already: set replace",
        s3_key=uri("speech.wav"),
        replace=False,
    ),
]


@each([*TEXTS, *ENGINES, *SETTINGS, *PLACES])
def test_it_is_refused_before_anything_is_billed(refused, case):
    refused(case)


@pytest.mark.parametrize("key", ["a.mp3", "s3://omnihuman-tests/a.mp3"])
def test_the_same_task_without_the_mistake_speaks(run, emulator, s3, key):
    """Or else the cases above would show nothing."""
    run(TextToSpeechOperator(task_id="t", text="Good evening.", s3_key=key, reuse_spoken=False))
    s3.delete_object(Bucket=BUCKET, Key="a.mp3")
    assert emulator.state()["requests"]["speech"] == {"20000000": 1}


@pytest.mark.parametrize("body", ['{{"code": 45000010, "message": "key {} is unknown"}}', "<html>{}</html>"])
def test_a_key_that_the_service_echoes_is_not_told(run, monkeypatch, body):
    key = "k3y-of-mine"
    with scripted(Reply(body.format(key))) as service:
        document = {"conn_type": "doubao_speech", "password": key, "extra": {"endpoint": service.endpoint}}
        monkeypatch.setenv("AIRFLOW_CONN_DOUBAO_SPEECH_DEFAULT", json.dumps(document))
        with pytest.raises((AirflowFailException, SpeechError), match=r"\*\*\*") as caught:
            run(TextToSpeechOperator(task_id="t", text="Good evening.", reuse_spoken=False))
    assert key not in str(caught.value)
