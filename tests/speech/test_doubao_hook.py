"""The doubao_speech connection: read, checked, and tested against the emulator."""

import json

import pytest
from airflow.sdk import BaseHook

from airflow_provider_omnihuman.emulator.settings import LOCAL_SPEECH_ACCESS_TOKEN, LOCAL_SPEECH_APP_ID
from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook
from airflow_provider_omnihuman.speech.errors import SpeechInputError, SpeechSetupError
from airflow_provider_omnihuman.speech.protocol import SpokenAudio


@pytest.fixture
def hook(monkeypatch):
    """A hook for a connection with these fields."""

    def make(**fields):
        monkeypatch.setenv("AIRFLOW_CONN_SPEECH", json.dumps({"conn_type": "doubao_speech"} | fields))
        return DoubaoSpeechHook("speech")

    return make


def test_it_is_a_hook_by_airflows_conventions():
    assert issubclass(DoubaoSpeechHook, BaseHook)
    assert DoubaoSpeechHook(**{DoubaoSpeechHook.conn_name_attr: "other"}).doubao_speech_conn_id == "other"
    assert DoubaoSpeechHook().doubao_speech_conn_id == DoubaoSpeechHook.default_conn_name == "doubao_speech_default"


def test_a_password_alone_is_the_new_consoles_key(hook):
    engine = hook(password="key").get_conn()
    assert engine.credentials.headers() == {"X-Api-Key": "key"}
    assert (engine.resource_id, engine.endpoint) == ("seed-tts-2.0", "https://openspeech.bytedance.com")


def test_login_and_password_are_the_old_consoles(hook):
    engine = hook(login="123", password="token").get_conn()
    assert engine.credentials.headers() == {"X-Api-App-Id": "123", "X-Api-Access-Key": "token"}


def test_extras_are_read_and_the_caller_wins(hook):
    extra = {"resource_id": "seed-tts-1.0", "endpoint": "http://127.0.0.1:9/", "timeout_s": "7.5"}
    engine = hook(password="key", extra=extra).engine(audio_format="pcm")
    assert (engine.resource_id, engine.endpoint, engine.timeout_s) == ("seed-tts-1.0", "http://127.0.0.1:9", 7.5)
    assert engine.audio_format == "pcm"
    assert hook(password="key", extra=extra).engine(resource_id="seed-icl-2.0").resource_id == "seed-icl-2.0"


def test_extras_left_empty_by_the_form_are_the_defaults(hook):
    engine = hook(password="key", extra={"resource_id": "", "endpoint": None, "timeout_s": ""}).get_conn()
    assert (engine.resource_id, engine.timeout_s) == ("seed-tts-2.0", 60)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "password is missing"),
        ({"login": "123"}, "password is missing"),
        ({"password": "s3cret\n"}, "api_key holds"),
        ({"login": "1 3", "password": "s3cret"}, "app_id holds"),
        ({"password": "s3cret", "extra": {"timeout_s": "soon"}}, "timeout_s .*'soon'"),
        ({"password": "s3cret", "extra": {"timeout_s": 0}}, "timeout_s"),
        ({"password": "s3cret", "extra": {"timeout_s": True}}, "timeout_s"),
        ({"password": "s3cret", "extra": {"endpoint": "openspeech.bytedance.com"}}, "extra endpoint"),
        ({"password": "s3cret", "extra": {"endpoint": "https://a/api/v3"}}, "extra endpoint"),
        ({"password": "s3cret", "extra": {"endpoint": "https://a:notaport"}}, "extra endpoint"),
        ({"password": "s3cret", "extra": {"endpoint": 7}}, "extra endpoint"),
        ({"password": "s3cret", "extra": {"resource_id": "a b"}}, "resource_id is 'a b'"),
        ({"password": "s3cret", "extra": "resource_id=seed-tts-1.0"}, "extra is not a JSON object"),
    ],
)
def test_a_bad_connection_gets_an_error_that_names_it_and_the_field(hook, fields, named):
    with pytest.raises(SpeechSetupError, match=rf"connection 'speech': .*{named}") as caught:
        hook(**fields).get_conn()
    assert "s3cret" not in str(caught.value)
    assert not caught.value.retryable


def test_a_bad_setting_of_the_caller_is_not_blamed_on_the_connection(hook):
    with pytest.raises(SpeechInputError) as caught:
        hook(password="key").engine(audio_format="wav")
    assert "connection" not in str(caught.value)


def test_it_speaks(hook, emulator):
    fields = {"password": emulator.settings.speech_api_key, "extra": {"endpoint": emulator.endpoint}}
    audio = hook(**fields).get_conn().synthesize("大家好", voice="zh_female_vv_uranus_bigtts")
    assert isinstance(audio, SpokenAudio)


def test_the_connection_test_tells_good_from_bad(hook, emulator):
    extra = {"endpoint": emulator.endpoint}
    good = hook(login=LOCAL_SPEECH_APP_ID, password=LOCAL_SPEECH_ACCESS_TOKEN, extra=extra).test_connection()
    assert good == (True, f"{emulator.endpoint} accepts the credentials for seed-tts-2.0")
    bad, why = hook(password="wr0ng", extra=extra).test_connection()
    assert not bad
    assert "[45000010]" in why
    assert "wr0ng" not in why
    missing, why = hook().test_connection()
    assert (missing, "password is missing" in why) == (False, True)
    nowhere, why = hook(password="key", extra={"endpoint": "http://127.0.0.1:9"}).test_connection()
    assert (nowhere, "no connection" in why) == (False, True)


def test_the_form_is_the_projects_one_definition():
    widgets = DoubaoSpeechHook.get_ui_field_behaviour()
    assert "App ID" in widgets["relabeling"]["login"]
