"""The Polly engine over AWS's own client: stubbed at AWS's boundary, and against moto's server."""

import io

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from airflow_provider_omnihuman.speech.errors import (
    SpeechError,
    SpeechInputError,
    SpeechServiceError,
    SpeechSetupError,
    SpeechTransportError,
)
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from airflow_provider_omnihuman.speech.polly import PollySpeechEngine

SPOKEN = LocalSpeechEngine("mp3").synthesize("Good evening, here is the news.")


def client(endpoint=None, **credentials):
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "s3cret"} | credentials
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)
    return boto3.client("polly", region_name="us-east-1", endpoint_url=endpoint, config=config, **keys)


def reply(data=SPOKEN.data):
    return {
        "AudioStream": StreamingBody(io.BytesIO(data), len(data)),
        "ContentType": "audio/mpeg",
        "ResponseMetadata": {"RequestId": "req-1", "HTTPStatusCode": 200},
    }


def request(**changes):
    return {
        "Engine": "neural",
        "OutputFormat": "mp3",
        "SampleRate": "24000",
        "Text": "Good evening.",
        "TextType": "text",
        "VoiceId": "Joanna",
    } | changes


@pytest.fixture
def polly():
    made = client()
    with Stubber(made) as stub:
        made.stub = stub
        yield made


def test_the_audio_is_read_whole_and_measured(polly):
    polly.stub.add_response("synthesize_speech", reply(), request())
    assert PollySpeechEngine(client=polly).synthesize("Good evening.", voice="Joanna").data == SPOKEN.data
    polly.stub.add_response("synthesize_speech", reply(), request())
    audio = PollySpeechEngine(client=polly).synthesize("Good evening.", voice="Joanna")
    assert (audio.format, audio.sample_rate) == ("mp3", 24000)
    assert audio.duration_s == pytest.approx(SPOKEN.duration_s, abs=0.01)


def test_every_setting_reaches_the_request(polly):
    sent = request(Engine="generative", OutputFormat="pcm", SampleRate="16000", LanguageCode="en-IN")
    polly.stub.add_response("synthesize_speech", reply(b"\0" * 32000), sent)
    engine = PollySpeechEngine(client=polly, engine="generative", audio_format="pcm", sample_rate=16000, language_code="en-IN")
    assert engine.synthesize("Good evening.", voice="Joanna").duration_s == 1


def test_a_speed_is_markup_around_the_escaped_text(polly):
    markup = '<speak><prosody rate="150%">R&amp;D &lt;now&gt;</prosody></speak>'
    polly.stub.add_response("synthesize_speech", reply(), request(Text=markup, TextType="ssml"))
    PollySpeechEngine(client=polly, speech_rate=50).synthesize("R&D <now>", voice="Joanna")


@pytest.mark.parametrize("text", ["", "  ", "a" * 3001])
def test_a_text_that_cannot_be_spoken_is_never_sent(polly, text):
    with pytest.raises(SpeechInputError):  # the stub has no reply to give
        PollySpeechEngine(client=polly).synthesize(text, voice="Joanna")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"engine": "nerual"}, "'nerual'"),
        ({"audio_format": "wav"}, "'wav'"),
        ({"audio_format": "pcm"}, "24000 for pcm"),
        ({"audio_format": "ogg_opus"}, "24000 for ogg_opus"),
        ({"speech_rate": 1000}, "1000"),
    ],
)
def test_a_bad_setting_is_named_when_the_engine_is_made(polly, settings, named):
    with pytest.raises(SpeechInputError, match=named):
        PollySpeechEngine(client=polly, **settings)


@pytest.mark.parametrize(
    ("code", "status", "retryable", "advice"),
    [
        ("ThrottlingException", 400, True, ""),
        ("ServiceFailureException", 500, True, ""),
        ("NeverSeenBefore", 503, True, ""),
        ("TextLengthExceededException", 400, False, "split"),
        ("EngineNotSupportedException", 400, False, "`engine`"),
        ("AccessDeniedException", 403, False, "polly:SynthesizeSpeech"),
        ("NeverSeenBefore", 400, False, ""),
    ],
)
def test_a_refusal_keeps_code_and_request(polly, code, status, retryable, advice):
    polly.stub.add_client_error("synthesize_speech", code, "in Polly's words", status, response_meta={"RequestId": "req-2"})
    with pytest.raises(SpeechServiceError) as caught:
        PollySpeechEngine(client=polly).synthesize("Good evening.", voice="Joanna")
    assert str(caught.value).startswith(f"[{code}] in Polly's words (request req-2): ")
    assert advice in caught.value.advice
    assert caught.value.retryable is retryable


def test_a_stream_that_breaks_off_gives_no_audio(polly):
    broken = reply() | {"AudioStream": StreamingBody(io.BytesIO(SPOKEN.data[:500]), len(SPOKEN.data))}
    polly.stub.add_response("synthesize_speech", broken, request())
    with pytest.raises(SpeechError, match="500") as caught:
        PollySpeechEngine(client=polly).synthesize("Good evening.", voice="Joanna")
    assert caught.value.retryable


def test_no_audio_is_an_error(polly):
    polly.stub.add_response("synthesize_speech", reply(b""), request())
    with pytest.raises(SpeechServiceError, match=r"without any audio \(request req-1\)"):
        PollySpeechEngine(client=polly).synthesize("Good evening.", voice="Joanna")


def test_audio_that_no_decoder_knows_is_an_error(polly):
    polly.stub.add_response("synthesize_speech", reply(b"not an mp3"), request())
    with pytest.raises(SpeechTransportError, match=r"10 bytes that are no mp3 \(request req-1\)"):
        PollySpeechEngine(client=polly).synthesize("Good evening.", voice="Joanna")


def test_a_voice_of_the_wrong_type_is_an_input_error():
    with pytest.raises(SpeechInputError, match="voice is 7"):
        PollySpeechEngine(client=client()).synthesize("Good evening.", voice=7)


def test_an_unreachable_service_may_be_tried_again():
    with pytest.raises(SpeechTransportError, match=r"127\.0\.0\.1:9") as caught:
        PollySpeechEngine(client=client("http://127.0.0.1:9")).synthesize("Good evening.", voice="Joanna")
    assert caught.value.retryable


def test_missing_credentials_are_called_so(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    engine = PollySpeechEngine(client=client(aws_access_key_id=None, aws_secret_access_key=None))
    with pytest.raises(SpeechSetupError, match="no AWS credentials"):
        engine.synthesize("Good evening.", voice="Joanna")


def test_the_request_is_one_that_a_polly_server_takes():
    """Moto checks the request's fields, and answers with bytes that are no mp3: which is told, too."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        made = client("http://{}:{}".format(*server.get_host_and_port()))
        engine = PollySpeechEngine(client=made, sample_rate=22050)  # moto does not know the newer rates
        with pytest.raises(SpeechTransportError, match="are no mp3"):
            engine.synthesize("Good evening.", voice="Joanna")
        with pytest.raises(SpeechServiceError, match="Joanna"):
            engine.synthesize("Good evening.", voice="Nobody")
    finally:
        server.stop()
