"""The Doubao engine against a scripted service over a real socket, and against the emulator."""

import contextlib
import json
import socket
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_omnihuman.emulator.settings import (
    LOCAL_SPEECH_ACCESS_TOKEN,
    LOCAL_SPEECH_API_KEY,
    LOCAL_SPEECH_APP_ID,
)
from airflow_provider_omnihuman.speech.doubao import DoubaoCredentials, DoubaoSpeechEngine
from airflow_provider_omnihuman.speech.doubao_codes import DOUBAO_CODES
from airflow_provider_omnihuman.speech.doubao_reply import read_audio
from airflow_provider_omnihuman.speech.errors import (
    SpeechError,
    SpeechInputError,
    SpeechServiceError,
    SpeechSetupError,
    SpeechTransportError,
)
from tests.speech.scripted_service import Reply, scripted

DATA = Path(__file__).parent.parent / "data"
WHOLE = (DATA / "doubao_speech.jsonl").read_text()
FAILS_MIDWAY = (DATA / "doubao_fails_midway.jsonl").read_text()
VOICE = "zh_female_vv_uranus_bigtts"
KEY = DoubaoCredentials(api_key="key-of-the-new-console")


def refusal(code, message, status=200):
    return Reply(json.dumps({"code": code, "message": message, "data": None}) + "\n", status)


def engine(service, **settings):
    """An engine that does not wait between attempts; ``pauses`` lists how long it would have."""
    pauses = []
    made = DoubaoSpeechEngine(
        **{"credentials": KEY, "endpoint": service.endpoint, "sleep": pauses.append, "sample_rate": 8000} | settings
    )
    return made, pauses


def speak(service, text="Hi.", **settings):
    return engine(service, **settings)[0].synthesize(text, voice=VOICE)


# What is sent


def test_the_request_is_the_documented_one():
    with scripted(Reply(WHOLE)) as service:
        speak(service, resource_id="seed-tts-1.0", speech_rate=-10, loudness_rate=20, additions={"silence_duration": 0})
    (asked,) = service.asked
    assert asked.path == "/api/v3/tts/unidirectional"
    assert asked.headers["X-Api-Key"] == "key-of-the-new-console"
    assert asked.headers["X-Api-Resource-Id"] == "seed-tts-1.0"
    assert not {"X-Api-App-Id", "X-Api-Access-Key"} & asked.headers.keys()
    assert asked.document["req_params"] == {
        "text": "Hi.",
        "speaker": VOICE,
        "audio_params": {"format": "mp3", "sample_rate": 8000, "speech_rate": -10, "loudness_rate": 20},
        "additions": '{"silence_duration": 0}',
    }


def test_the_old_consoles_credentials_have_their_own_headers():
    with scripted(Reply(WHOLE)) as service:
        speak(service, credentials=DoubaoCredentials(app_id="12345", access_key="token"))
    headers = service.asked[0].headers
    assert (headers["X-Api-App-Id"], headers["X-Api-Access-Key"]) == ("12345", "token")
    assert "X-Api-Key" not in headers


def test_every_attempt_has_its_own_request_id():
    with scripted(refusal(55000000, "server error"), Reply(WHOLE)) as service:
        speak(service)
    first, second = (asked.headers["X-Api-Request-Id"] for asked in service.asked)
    assert first != second


# What is read


@pytest.mark.parametrize("body", [WHOLE, WHOLE.replace("\n", ""), "\r\n" + WHOLE.replace("\n", "\r\n\r\n")])
def test_frames_are_decoded_one_by_one_and_joined(body):
    with scripted(Reply(body)) as service:
        audio = speak(service)
    assert (audio.format, audio.sample_rate) == ("mp3", 8000)
    assert 0.2 < audio.duration_s < 1
    assert len(audio.data) > 2000


def test_pcm_is_measured_by_its_bytes():
    with scripted(Reply('{"code":0,"data":"AAAAAA=="}{"code":20000000,"data":null}')) as service:
        assert speak(service, audio_format="pcm").duration_s == 2 / 8000


@pytest.mark.parametrize("frames", [0, 1, 3, 5])
def test_a_reply_without_its_last_frame_is_never_audio(frames):
    cut = "".join(WHOLE.splitlines(keepends=True)[:frames])
    with scripted(Reply(cut)) as service, pytest.raises(SpeechTransportError) as caught:
        speak(service)
    assert caught.value.retryable
    assert len(service.asked) == 1, "it may have been billed: Airflow decides about another attempt"


@pytest.mark.parametrize("cut", [0, 40, 2000, len(WHOLE) - 3])
def test_a_connection_that_breaks_gives_no_audio(cut):
    with scripted(Reply(WHOLE, break_after=cut)) as service, pytest.raises(SpeechTransportError, match="broke off"):
        speak(service)
    assert len(service.asked) == 1


def test_an_error_after_some_audio_is_an_error():
    with scripted(Reply(FAILS_MIDWAY)) as service, pytest.raises(SpeechServiceError, match="55000000"):
        speak(service)


def test_an_end_without_audio_is_an_error():
    with (
        scripted(Reply('{"code":20000000,"message":"ok","data":null}')) as service,
        pytest.raises(SpeechServiceError, match="without any audio"),
    ):
        speak(service)


def test_audio_that_no_decoder_knows_is_an_error():
    with (
        scripted(Reply('{"code":0,"data":"bm90IGFuIG1wMw=="}{"code":20000000,"data":null}')) as service,
        pytest.raises(SpeechTransportError, match="delivered 10 bytes that are no mp3"),
    ):
        speak(service)


@pytest.mark.parametrize("data", ["###", "AAA", [1], {"a": 1}, 7, True])
def test_a_piece_that_is_no_base64_is_an_error(data):
    body = json.dumps({"code": 0, "data": data}) + '{"code":20000000}'
    with scripted(Reply(body)) as service, pytest.raises(SpeechTransportError, match="not base64"):
        speak(service)


# Refusals


@pytest.mark.parametrize("code", DOUBAO_CODES)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_every_code_is_told_with_its_meaning_whatever_the_http_status(code, status):
    with scripted(refusal(code, "in the service's words", status)) as service, pytest.raises(SpeechServiceError) as caught:
        speak(service)
    error, meaning = caught.value, DOUBAO_CODES[code]
    assert str(error) == f"[{code}] {meaning.meaning} (in the service's words) (request 20250601log): {meaning.advice}"
    assert error.retryable == meaning.retryable
    assert len(service.asked) == (3 if meaning.retryable else 1)


@pytest.mark.parametrize(
    ("code", "message", "retryable"),
    [
        (45000000, "quota exceeded for types: concurrency", True),
        (45000000, "Quota Exceeded for types: Concurrency", True),
        (45000000, "quota exceeded for types: characters_lifetime", False),
        (45000000, "speaker permission denied: get resource id: access denied", False),
        (55000000, "server error", True),
        (55000000, "resource ID is mismatched with speaker related resource", False),
        (45009999, "never seen before", False),
        (55009999, "never seen before", True),
    ],
)
def test_the_message_decides_where_a_code_has_two_meanings(code, message, retryable):
    with scripted(refusal(code, message)) as service, pytest.raises(SpeechServiceError) as caught:
        speak(service)
    assert caught.value.retryable is retryable


def test_a_refusal_in_a_header_object_is_read():
    body = '{"header":{"reqid":"","code":45000010,"message":"load grant: requested grant not found"}}'
    with scripted(Reply(body, 401)) as service, pytest.raises(SpeechServiceError, match=r"45000010.*credentials"):
        speak(service)


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (404, False), (429, True), (502, True)])
def test_an_error_page_is_judged_by_its_status(status, retryable):
    with (
        scripted(Reply("<html>Bad Gateway</html>", status, headers={})) as service,
        pytest.raises(SpeechServiceError, match=f"HTTP {status}") as caught,
    ):
        speak(service)
    assert caught.value.retryable is retryable
    assert caught.value.request_id == service.asked[-1].headers["X-Api-Request-Id"], "ours, where the service gave none"


def test_a_page_that_is_no_reply_is_quoted():
    with (
        scripted(Reply("<html>Log in to the hotel</html>")) as service,
        pytest.raises(SpeechTransportError, match="<html>Log in"),
    ):
        speak(service)


# Repeating


def test_a_passing_refusal_is_repeated_with_longer_pauses():
    with scripted(refusal(45000292, "busy"), refusal(55000000, "server error"), Reply(WHOLE)) as service:
        made, pauses = engine(service)
        assert made.synthesize("Hi.", voice=VOICE).duration_s > 0
    assert pauses == [1, 2]


def test_a_refused_connection_is_repeated_and_names_the_endpoint():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        pauses = []
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        made = DoubaoSpeechEngine(credentials=KEY, endpoint=endpoint, sleep=pauses.append)
        with pytest.raises(SpeechTransportError, match=endpoint):
            made.synthesize("Hi.", voice=VOICE)
    assert len(pauses) == 2


def test_a_timeout_is_not_repeated():
    with scripted(Reply(WHOLE, delay_s=0.5)) as service:
        with pytest.raises(SpeechTransportError, match="ReadTimeout") as caught:
            speak(service, timeout_s=0.1)
        assert len(service.asked) == 1
    assert caught.value.retryable


# Before anything is sent


@pytest.mark.parametrize("text", ["", " \n ", "長" * 342, "a" * 1025, "half \ud83d"])
def test_a_text_that_cannot_be_spoken_is_never_sent(text):
    with scripted(Reply(WHOLE)) as service, pytest.raises(SpeechInputError):
        speak(service, text)
    assert not service.asked


def test_the_limit_is_told_in_the_engines_unit_and_can_be_raised():
    with scripted(Reply(WHOLE)) as service:
        with pytest.raises(SpeechInputError, match="1026 UTF-8 bytes, the doubao engine takes 1024"):
            speak(service, "長" * 342)
        speak(service, "長" * 342, max_bytes=3000)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"audio_format": "wav"}, "'wav'"),
        ({"sample_rate": 1}, "sample rate 1"),
        ({"speech_rate": 101}, "101"),
        ({"loudness_rate": -51}, "-51"),
        ({"resource_id": "a\nb"}, "resource_id"),
        ({"max_bytes": "many"}, "'many'"),
        ({"additions": '{"silence_duration": 0}'}, "additions is a str"),
    ],
)
def test_a_bad_setting_is_named_when_the_engine_is_made(settings, named):
    with pytest.raises(SpeechError, match=named):
        DoubaoSpeechEngine(credentials=KEY, **settings)


@pytest.mark.parametrize(
    "given", [{}, {"app_id": "1"}, {"access_key": "s3cret"}, {"api_key": "s3cret", "app_id": "1", "access_key": "s3cret"}]
)
def test_half_credentials_are_refused(given):
    with pytest.raises(SpeechSetupError) as caught:
        DoubaoCredentials(**given)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("secret", ["s3cret\n", " s3cret", "s3crét"])
def test_credentials_that_no_header_can_carry_are_refused_without_showing_them(secret):
    with pytest.raises(SpeechSetupError, match="api_key holds") as caught:
        DoubaoCredentials(api_key=secret)
    assert secret.strip() not in str(caught.value)


def test_secrets_are_in_no_repr():
    shown = repr(DoubaoSpeechEngine(credentials=DoubaoCredentials(app_id="12345", access_key="s3cret")))
    assert "12345" in shown
    assert "s3cret" not in shown
    assert "key-of" not in repr(KEY)


# Whatever comes


@given(st.text(max_size=99) | st.lists(st.none() | st.floats() | st.text(max_size=9), max_size=5).map(json.dumps))
def test_any_body_gives_audio_or_a_speech_error(body):
    with pytest.raises(SpeechError):
        read_audio(body, 200, "id")


@given(
    st.dictionaries(
        st.sampled_from(["code", "message", "data", "header"]),
        st.none() | st.integers() | st.floats() | st.text() | st.dictionaries(st.just("code"), st.floats() | st.text()),
    )
)
@example({"code": float("inf")})
@example({"code": float("nan")})
@example({"code": "9" * 5000})
def test_any_frame_gives_audio_or_a_speech_error(frame):
    with contextlib.suppress(SpeechError):
        assert read_audio(json.dumps(frame), 200, "id")


# Against the emulator


NEW_CONSOLE = DoubaoCredentials(api_key=LOCAL_SPEECH_API_KEY)
OLD_CONSOLE = DoubaoCredentials(app_id=LOCAL_SPEECH_APP_ID, access_key=LOCAL_SPEECH_ACCESS_TOKEN)


@pytest.mark.parametrize("credentials", [NEW_CONSOLE, OLD_CONSOLE])
@pytest.mark.parametrize("audio_format", ["mp3", "ogg_opus", "pcm"])
def test_the_emulator_speaks(emulator, credentials, audio_format):
    audio = speak(emulator, "大家好今天的新闻", credentials=credentials, audio_format=audio_format, additions={"a": 1})
    assert audio.format == audio_format
    assert 1 < audio.duration_s < 5


@pytest.mark.parametrize(
    ("settings", "voice", "code"),
    [
        ({"credentials": KEY}, VOICE, "45000010"),
        ({"resource_id": "seed-icl-2.0"}, VOICE, "45000030"),
        ({"resource_id": "seed-tts-1.0"}, VOICE, "55000000"),
        ({}, "nobody", "45000000"),
    ],
)
def test_the_emulators_refusals_are_told(emulator, settings, voice, code):
    made, pauses = engine(emulator, **{"credentials": NEW_CONSOLE} | settings)
    with pytest.raises(SpeechServiceError) as caught:
        made.synthesize("Hi.", voice=voice)
    assert (caught.value.code, caught.value.retryable, pauses) == (code, False, [])


def test_the_probe_tells_good_credentials_from_bad_ones(emulator):
    engine(emulator, credentials=OLD_CONSOLE)[0].probe()
    engine(emulator, credentials=NEW_CONSOLE, resource_id="seed-tts-1.0")[0].probe()
    with pytest.raises(SpeechServiceError, match="45000010"):
        engine(emulator)[0].probe()
    with pytest.raises(SpeechServiceError, match="45000030"):
        engine(emulator, credentials=NEW_CONSOLE, resource_id="seed-icl-2.0")[0].probe()
