"""TextToSpeechOperator: a script in, an object in S3 out, over real sockets."""

import json
import logging

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG

from airflow_provider_omnihuman.media.probe import probe_audio
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.speech.doubao import DoubaoCredentials, DoubaoSpeechEngine
from airflow_provider_omnihuman.speech.errors import SpeechServiceError, SpeechTransportError
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from tests.conftest import BUCKET
from tests.speech.scripted_service import Reply, scripted
from tests.task_context import task_context

NEWS = "Good evening. Here is the news from the harbour."


@pytest.fixture
def say(connections):
    """Run the operator; return what it returns."""

    def run(text=NEWS, **arguments):
        context = task_context()
        result = TextToSpeechOperator(task_id="speech", text=text, **arguments).execute(context)
        assert not context["ti"].xcoms, "the return value is all there is"
        return result

    return run


@pytest.fixture
def stored(s3):
    """Return bytes and content type of an object by its URI."""

    def read(uri):
        found = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
        return found["Body"].read(), found["ContentType"]

    return read


@pytest.mark.parametrize(
    ("engine", "audio_format", "content_type"),
    [
        ("doubao", "mp3", "audio/mpeg"),
        ("doubao", "ogg_opus", "audio/ogg"),
        ("local", "mp3", "audio/mpeg"),
        ("local", "wav", "audio/wav"),
    ],
)
def test_the_audio_is_in_s3_as_the_result_says(say, stored, engine, audio_format, content_type):
    result = say(engine=engine, audio_format=audio_format)
    data, stored_type = stored(result["uri"])
    assert stored_type == content_type
    assert result["bytes"] == len(data)
    assert result["seconds"] == pytest.approx(probe_audio(data).duration_s, abs=0.01)
    assert (result["format"], result["engine"], result["characters"]) == (audio_format, engine, len(NEWS))
    assert json.dumps(result)


def test_doubao_and_its_first_voice_are_the_default(say):
    result = say()
    assert (result["engine"], result["voice"]) == ("doubao", "zh_female_vv_uranus_bigtts")


def test_the_voice_and_the_settings_reach_the_engine(say, stored):
    data, _ = stored(say(engine="local", voice="ja", audio_format="wav", sample_rate="16000", speech_rate="50")["uri"])
    assert data == LocalSpeechEngine("wav", 16000, 50).synthesize(NEWS, voice="ja").data


def test_engine_options_reach_the_request(say, monkeypatch):
    with scripted(Reply('{"code":0,"data":"AAAA"}{"code":20000000}')) as service:
        extra = {"endpoint": service.endpoint}
        connection = {"conn_type": "doubao_speech", "login": "app", "password": "token", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_MY_SPEECH", json.dumps(connection))
        say(
            speech_conn_id="my_speech",
            audio_format="pcm",
            engine_options={"resource_id": "seed-icl-2.0", "loudness_rate": 7, "additions": {"silence_duration": 9}},
        )
    (asked,) = service.asked
    assert asked.headers["X-Api-Resource-Id"] == "seed-icl-2.0"
    assert asked.headers["X-Api-App-Id"] == "app"
    assert asked.document["req_params"]["audio_params"]["loudness_rate"] == 7
    assert json.loads(asked.document["req_params"]["additions"]) == {"silence_duration": 9}


def test_an_engine_of_ones_own_is_taken_as_it_is(say):
    assert say(engine=LocalSpeechEngine("wav"), voice="en")["uri"].endswith("/speech.wav")


def test_polly_is_reached_through_the_aws_connection(say, s3_endpoint):
    """Moto takes the request and answers with bytes that no decoder knows; a retry may mend that."""
    with pytest.raises(SpeechTransportError, match="are no mp3"):
        say(engine="polly", voice="Joanna", sample_rate=22050)


# Where it goes


def test_the_default_key_names_dag_run_and_task(say):
    prefix = f"s3://{BUCKET}/omnihuman/a_dag/manual__2026-01-01T00_00_00_00_00/a_task/"
    assert say(engine="local")["uri"] == prefix + "speech.mp3"
    assert say(engine="local", audio_format="ogg_opus")["uri"] == prefix + "speech.ogg"


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        ({"s3_key": "a/b.mp3"}, f"s3://{BUCKET}/a/b.mp3"),
        ({"s3_key": "a/", "s3_bucket": BUCKET}, f"s3://{BUCKET}/a/speech.mp3"),
        ({"s3_key": f"s3://{BUCKET}/c.mp3"}, f"s3://{BUCKET}/c.mp3"),
    ],
)
def test_the_key_may_be_a_key_a_prefix_or_a_url(say, stored, given, uri):
    assert say(engine="local", **given)["uri"] == uri
    assert stored(uri)


def test_a_second_run_replaces_the_first(say, stored):
    say("One.", engine="local", s3_key="same.mp3")
    result = say(engine="local", s3_key="same.mp3")
    assert len(stored(result["uri"])[0]) == result["bytes"]


def test_an_object_in_the_way_is_found_before_the_speech_is_paid_for(say, s3, emulator):
    s3.put_object(Bucket=BUCKET, Key="there.mp3", Body=b"x")
    with pytest.raises(AirflowFailException, match=r"s3://omnihuman-tests/there\.mp3 exists already"):
        say(s3_key="there.mp3", replace=False)
    assert asked(emulator) == 0


# What is refused, and when


def asked(emulator):
    """How many requests the speech service got."""
    return sum(emulator.state()["requests"].get("speech", {}).values())


def test_the_emulators_count_is_the_one_that_these_tests_read(say, emulator):
    say()
    assert asked(emulator) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "  "}, "there is no text to speak"),
        ({"text": None}, "text is a NoneType"),
        ({"text": "長" * 400}, "1200 UTF-8 bytes, the doubao engine takes 1024 in one call: set split_text=True"),
        ({"text": "  ", "split_text": True}, "there is no text to speak"),
        ({"split_text": "perhaps"}, "split_text must be true or false"),
        ({"timings": "perhaps"}, "timings must be true or false"),
        ({"engine": "espeak"}, "no speech engine 'espeak': use one of doubao, local, polly"),
        ({"engine": "local", "voice": "nobody"}, "no voice 'nobody'"),
        ({"audio_format": "wav"}, "no audio format 'wav': use one of mp3, ogg_opus, pcm"),
        ({"engine": "local", "audio_format": "flac"}, "no audio format 'flac'"),
        ({"sample_rate": "fast"}, "sample_rate must be a whole number, not 'fast'"),
        ({"sample_rate": 1}, "sample rate 1"),
        ({"speech_rate": 400}, "speech_rate is 400"),
        ({"engine_options": {"pitch": 3}}, "no option pitch: it has additions, loudness_rate"),
        ({"engine_options": {"credentials": 3}}, "no option credentials"),
        ({"engine": "local", "engine_options": {"pitch": 3}}, "no option pitch: it has none"),
        ({"engine_options": "pitch"}, "engine_options is a str"),
        ({"engine": LocalSpeechEngine(), "speech_rate": 3}, "speech_rate cannot be set on an engine that is an object"),
        ({"engine": "polly", "engine_options": {"engine": "nerual"}}, "no engine 'nerual'"),
        ({"engine": "polly", "text": "a" * 3001}, "3001 characters, the polly engine takes 3000"),
        ({"s3_key": "s3://other/key", "s3_bucket": "mine"}, "not both"),
    ],
)
def test_a_wrong_argument_fails_at_once_and_costs_nothing(say, emulator, s3, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        say(**arguments)
    assert asked(emulator) == 0
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_refused_credentials_fail_at_once_with_code_request_and_advice(say, emulator, monkeypatch):
    connection = {"conn_type": "doubao_speech", "password": "wr0ng", "extra": {"endpoint": emulator.endpoint}}
    monkeypatch.setenv("AIRFLOW_CONN_DOUBAO_SPEECH_DEFAULT", json.dumps(connection))
    with pytest.raises(AirflowFailException, match=r"\[45000010\] .*refused.*\(request \w+\): use an API key") as caught:
        say()
    assert "wr0ng" not in str(caught.value)


def test_what_a_retry_may_mend_is_left_to_airflow(say):
    credentials = DoubaoCredentials(api_key="key")
    with scripted(Reply('{"code":45000292,"message":"concurrency exceeded"}')) as service:
        engine = DoubaoSpeechEngine(credentials=credentials, endpoint=service.endpoint, sleep=lambda _s: None)
        with pytest.raises(SpeechServiceError, match="45000292"):
            say(engine=engine)


# What is told


@pytest.fixture
def logged(caplog, capfd):
    """Return all that was logged since the last call: Airflow 3.1 logs by logging, 3.3 by structlog to stdout."""
    caplog.set_level(logging.DEBUG)

    def read():
        text = caplog.text + "".join(capfd.readouterr())
        caplog.clear()
        return text

    return read


def test_a_minute_of_speech_is_warned_about(say, logged):
    assert say("news " * 200, engine="local", speech_rate=-50)["seconds"] > 60
    text = logged()
    assert "OmniHuman refuses audio of 60 s and more" in text
    assert "SplitAudioOperator" in text
    assert say(engine="local")["seconds"] < 60
    assert "refuses" not in logged()


def test_no_secret_is_logged(say, emulator, logged):
    say()
    text = logged()
    assert "of speech" in text
    assert "send_request_headers" in text, "what the HTTP client logs is looked at, too"
    assert emulator.settings.speech_api_key not in text


def test_all_that_a_person_sets_is_templated(say):
    with DAG("d", schedule=None):
        operator = TextToSpeechOperator(
            task_id="t",
            text="{{ x }}",
            split_text="{{ x }}",
            timings="{{ x }}",
            presenter="{{ x }}",
            presenters_path="{{ x }}",
            engine="{{ x }}",
            voice="{{ x }}",
            speech_conn_id="{{ x }}",
            aws_conn_id="{{ x }}",
            s3_key="{{ x }}",
            s3_bucket="{{ x }}",
            audio_format="{{ x }}",
            sample_rate="{{ x }}",
            speech_rate="{{ x }}",
            engine_options={"resource_id": "{{ x }}"},
        )
    operator.render_template_fields({"x": "rendered"})
    assert {getattr(operator, name) for name in operator.template_fields if name != "engine_options"} == {"rendered"}
    assert operator.engine_options == {"resource_id": "rendered"}
