"""Doubao's speech endpoint: frames of audio, and each code by its natural cause and on demand."""

from __future__ import annotations

import base64
import io
import json
import threading

import av
import pytest
import requests

from airflow_provider_omnihuman.emulator.codes import SPEECH_CODES
from airflow_provider_omnihuman.emulator.settings import (
    LOCAL_SPEECH_ACCESS_TOKEN,
    LOCAL_SPEECH_API_KEY,
    LOCAL_SPEECH_APP_ID,
)
from airflow_provider_omnihuman.emulator.speech_request import read_speech_request

NEW = {"X-Api-Key": LOCAL_SPEECH_API_KEY, "X-Api-Resource-Id": "seed-tts-2.0"}
OLD = {
    "X-Api-App-Id": LOCAL_SPEECH_APP_ID,
    "X-Api-Access-Key": LOCAL_SPEECH_ACCESS_TOKEN,
    "X-Api-Resource-Id": "seed-tts-2.0",
}
ZH = "zh_female_vv_uranus_bigtts"
EN = "en_male_tim_uranus_bigtts"


def say(client, text="Good morning to all of you.", speaker=EN, *, headers=NEW, params=None, **audio):
    document = {"user": {"uid": "test"}, "req_params": {"text": text, "speaker": speaker, "audio_params": audio}}
    document["req_params"] |= params or {}
    url = client.endpoint + "/api/v3/tts/unidirectional"
    return requests.post(url, headers=headers, json=document, timeout=30)


def audio_of(reply):
    assert reply.status_code == 200
    frames = [json.loads(line) for line in reply.content.splitlines()]
    assert frames[-1] == {"code": 20000000, "message": "ok", "data": None}
    assert {frame["code"] for frame in frames[:-1]} == {0}
    return b"".join(base64.b64decode(frame["data"] or "") for frame in frames[:-1])


def sentences_of(reply):
    return [frame["sentence"] for line in reply.content.splitlines() if "sentence" in (frame := json.loads(line))]


def error_of(reply):
    document = json.loads(reply.content)
    assert document["data"] is None
    return reply.status_code, document["code"], document["message"]


def seconds_of(data):
    with av.open(io.BytesIO(data)) as audio:
        return sum(frame.samples / frame.sample_rate for frame in audio.decode(audio=0))


@pytest.mark.parametrize("headers", [NEW, OLD], ids=["new console", "old console"])
def test_either_console_gets_audio_in_frames(client, headers):
    reply = say(client, headers=headers)
    assert reply.headers["X-Tt-Logid"]
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert len(reply.content.splitlines()) > 2
    assert 1 < seconds_of(audio_of(reply)) < 5
    assert client.state()["requests"] == {"speech": {"20000000": 1}}


def test_formats(client):
    assert audio_of(say(client, format="ogg_opus"))[:4] == b"OggS"
    pcm = audio_of(say(client, format="pcm", sample_rate=16000))
    mp3 = audio_of(say(client, format="mp3", sample_rate=16000))
    assert len(pcm) / 2 / 16000 == pytest.approx(seconds_of(mp3), abs=0.15)


def test_speech_rate_is_honoured(client):
    slow, fast = (seconds_of(audio_of(say(client, speech_rate=rate))) for rate in (-50, 100))
    assert slow > 2.5 * fast


@pytest.mark.parametrize(
    ("text", "language"), [("Good morning, all.", "en-us"), ("大家好。", "cmn"), ("大家好, welcome.", "cmn")]
)
def test_a_chinese_speaker_reads_latin_script_as_english(text, language):
    body = json.dumps({"req_params": {"text": text, "speaker": "zh_female_vv_uranus_bigtts"}}).encode()
    assert read_speech_request(body, "seed-tts-2.0", 1000).voice == f"{language}+f3"


def test_chinese(client):
    assert seconds_of(audio_of(say(client, "大家好,欢迎收看今天的节目。", ZH))) > 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"headers": {}}, (401, 45000010)),
        ({"headers": NEW | {"X-Api-Key": "wrong"}}, (401, 45000010)),
        ({"headers": OLD | {"X-Api-Access-Key": "wrong"}}, (401, 45000010)),
        ({"headers": NEW | {"X-Api-Resource-Id": "seed-icl-2.0"}}, (403, 45000030)),
        ({"headers": NEW | {"X-Api-Resource-Id": "tts"}}, (200, 45000001)),
        ({"headers": NEW | {"X-Api-Resource-Id": "seed-tts-1.0"}}, (200, 55000000)),
        ({"speaker": "nobody"}, (200, 45000000)),
        ({"speaker": 5}, (200, 45000001)),
        ({"text": None}, (200, 45000001)),
        ({"text": "… !?"}, (200, 45002001)),
        ({"text": ""}, (200, 45002001)),
        ({"text": "word " * 3000}, (200, 40402003)),
        ({"format": "wav"}, (200, 45000001)),
        ({"sample_rate": 11}, (200, 45000001)),
        ({"sample_rate": "24000"}, (200, 45000001)),
        ({"speech_rate": 101}, (200, 45000001)),
        ({"speech_rate": 1.5}, (200, 45000001)),
        ({"loudness_rate": -51}, (200, 45000001)),
        ({"format": ["mp3"]}, (200, 45000001)),
        ({"enable_subtitle": "true"}, (200, 45000001)),
        ({"enable_timestamp": 1}, (200, 45000001)),
        ({"params": {"additions": {"silence_duration": 0}}}, (200, 45000001)),
        ({"params": {"additions": "no JSON"}}, (200, 45000001)),
        ({"params": {"audio_params": "mp3"}}, (200, 45000001)),
    ],
)
def test_each_refusal_by_its_natural_cause(client, arguments, expected):
    assert error_of(say(client, **arguments))[:2] == expected


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"req_params": 5}'])
def test_body_that_is_no_request(client, data):
    reply = requests.post(client.endpoint + "/api/v3/tts/unidirectional", headers=NEW, data=data, timeout=5)
    assert error_of(reply)[:2] == (200, 45000001)


def test_too_many_at_once(start):
    client = start(speech_concurrency=1)
    codes = []

    def speak():
        codes.append(json.loads(say(client, "A rather long text. " * 60).content.splitlines()[-1])["code"])

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count(20000000) >= 1
    assert set(codes) == {20000000, 45000292}


@pytest.mark.parametrize("name", SPEECH_CODES)
def test_each_code_on_demand(client, name):
    client.fault(kind="code", code=name, action="speech")
    http_status, code, message = error_of(say(client))
    assert (code, http_status) == SPEECH_CODES[name][:2]
    assert code == int(name.partition("-")[0])
    if name == "45000000-quota":
        assert "quota exceeded" in message
        assert "concurrency" in message
    if name == "55000000-mismatch":
        assert "resource ID is mismatched with speaker" in message


def test_half_a_stream(client):
    client.fault(kind="half_body", action="speech")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        say(client)


# The times of words

OLD_MODEL = {"headers": NEW | {"X-Api-Resource-Id": "seed-tts-1.0"}, "speaker": "en_male_adam_mars_bigtts"}


@pytest.mark.parametrize(("model", "asked"), [({}, "enable_subtitle"), (OLD_MODEL, "enable_timestamp")])
def test_each_generation_of_models_tells_the_times_of_words_where_it_is_asked_in_its_own_way(client, model, asked):
    reply = say(client, "Good morning. How are you?", **model, **{asked: True})
    audio_s = seconds_of(audio_of(reply))
    first, second = sentences_of(reply)
    assert [sentence["text"] for sentence in (first, second)] == ["Good morning.", "How are you?"]
    words = first["words"] + second["words"]
    assert [word["word"] for word in words] == ["Good", "morning.", "How", "are", "you?"]
    times = [word[name] for word in words for name in ("startTime", "endTime")]
    assert times == sorted(times)
    assert times[-1] <= audio_s
    assert first.keys() == {"phonemes", "text", "words"}
    assert words[0].keys() == {"word", "startTime", "endTime", "confidence"}


@pytest.mark.parametrize(
    ("model", "asked"),
    [({}, {}), ({}, {"enable_timestamp": True}), (OLD_MODEL, {"enable_subtitle": True}), ({}, {"enable_subtitle": False})],
)
def test_nothing_is_told_to_who_asks_for_nothing_or_in_the_other_generations_way(client, model, asked):
    assert sentences_of(say(client, "Good morning.", **model, **asked)) == []


def test_chinese_words_are_told_and_japanese_ones_are_not(client):
    (told,) = sentences_of(say(client, "大家好。", ZH, enable_subtitle=True))
    assert ("".join(word["word"] for word in told["words"]), told["text"]) == ("大家好。", "大家好。")
    assert sentences_of(say(client, "おはよう。", ZH, enable_subtitle=True)) == []
