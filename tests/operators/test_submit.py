"""The submit operator: everything is checked before anything is paid, and the task id comes out at once."""

from __future__ import annotations

import logging

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.api.errors import QuotaError, TransportError
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from tests.conftest import BUCKET
from tests.task_context import task_context


def test_the_task_id_is_returned_and_pushed_with_what_was_asked(submit, emulator, inputs):
    context = task_context()
    task_id = submit(seed="7", prompt="a smile", pe_fast_mode="True").execute(context)
    (job,) = emulator.state()["jobs"]
    assert task_id == job["task_id"] == context["ti"].xcoms["task_id"]
    request = context["ti"].xcoms["request"]
    assert request["image_url"] == inputs["image_url"]
    assert request["audio_url"] == inputs["audio_url"]
    assert request["audio_duration_s"] == pytest.approx(1.2, abs=0.01)
    assert (request["seed"], request["output_resolution"], request["pe_fast_mode"]) == (7, 720, True)
    assert request["prompt"] == job["body"]["prompt"] == "a smile"
    assert request["site"] == "mainland"


def test_s3_inputs_are_presigned_for_a_day_by_signature_v4(submit, emulator):
    submit().execute(task_context())
    (job,) = emulator.state()["jobs"]
    assert "X-Amz-Expires=86400" in job["body"]["image_url"]
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in job["body"]["audio_url"]


def test_the_life_of_presigned_urls_is_an_argument(submit, emulator):
    submit(presigned_url_expires_in=600).execute(task_context())
    assert "X-Amz-Expires=600" in emulator.state()["jobs"][0]["body"]["image_url"]


def test_masks_are_presigned_too(submit, emulator, put, portrait_png):
    mask = put("in/m.png", portrait_png)
    context = task_context()
    submit(mask_url=[mask]).execute(context)
    (url,) = emulator.state()["jobs"][0]["body"]["mask_url"]
    assert "X-Amz-Signature" in url
    assert context["ti"].xcoms["request"]["mask_url"] == [mask]


def test_http_inputs_are_passed_as_they_are(submit, emulator, presigned, portrait_png):
    url = presigned("in/q.png", portrait_png)
    context = task_context()
    submit(image_url=url).execute(context)
    assert emulator.state()["jobs"][0]["body"]["image_url"] == url
    assert context["ti"].xcoms["request"]["image_url"] == url.split("?")[0]


def test_no_signature_is_logged_or_pushed(submit, caplog, capsys):
    context = task_context()
    caplog.set_level(logging.INFO, logger="httpx")  # which writes each whole URL, if nothing stops it
    submit().execute(context)
    assert "s3://" not in caplog.text
    assert "HTTP Request: GET http://" in caplog.text
    for text in (capsys.readouterr().out, caplog.text, str(context["ti"].xcoms)):
        assert "X-Amz" not in text
        assert "Signature=" not in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": "seven"}, "seed must be a whole number, not 'seven'"),
        ({"output_resolution": "4k"}, "output_resolution must be a whole number, not '4k'"),
        ({"output_resolution": 480}, "output_resolution must be 720 or 1080, not 480"),
        ({"pe_fast_mode": "perhaps"}, "pe_fast_mode must be true or false, not 'perhaps'"),
        ({"image_url": "s3://bucket-only"}, "image_url must name an object, s3://bucket/key"),
        ({"image_url": "s3://bucket/folder/"}, "image_url must name an object"),
        ({"image_url": ""}, "image_url must be an http"),
        ({"image_url": f"s3://{BUCKET}/missing.png"}, r"image_url s3://omnihuman-tests/missing.png cannot be fetched: HTTP 404"),
        ({"audio_url": "s3://no-such-bucket/a.wav"}, "audio_url s3://no-such-bucket/a.wav cannot be fetched: HTTP 404"),
        ({"audio_url": None}, "audio_url must be an http"),
        ({"mask_url": "[not json"}, "mask_url is not a JSON list"),
        ({"mask_url": {"a": 1}}, "mask_url must be a list of URLs, not dict"),
        ({"mask_url": [f"s3://{BUCKET}/m.png"] * 6}, "mask_url has 6 masks; at most 5"),
        ({"prompt": 7}, "prompt must be text"),
        ({"presigned_url_expires_in": 8 * 86400}, "presigned_url_expires_in must be between 1 second and 7 days"),
        ({"presigned_url_expires_in": -1}, "presigned_url_expires_in must be a timedelta or a positive number"),
    ],
)
def test_bad_input_is_refused_before_anything_is_paid(submit, emulator, changes, message):
    with pytest.raises(AirflowFailException, match=message):
        submit(**changes).execute(task_context())
    assert emulator.state()["requests"] == {}


@pytest.mark.parametrize("seconds", [60.0, 61.5])
def test_audio_of_a_minute_or_more_is_refused(submit, emulator, put, speech_wav, seconds):
    audio = put("in/long.wav", speech_wav(seconds))
    with pytest.raises(AirflowFailException, match=rf"audio_url s3://.*long.wav lasts {seconds:.2f} s; .* less than 60 s"):
        submit(audio_url=audio).execute(task_context())
    assert emulator.accepted() == 0


def test_audio_just_under_a_minute_is_accepted(submit, emulator, put, speech_wav):
    submit(audio_url=put("in/ok.wav", speech_wav(59.9))).execute(task_context())
    assert emulator.accepted() == 1


def test_a_picture_of_5_mb_is_refused(submit, emulator, put, portrait_png):
    image = put("in/big.png", portrait_png + b"\0" * (5 * 1024 * 1024))
    with pytest.raises(AirflowFailException, match="image_url .*big.png is 5 MB or larger"):
        submit(image_url=image).execute(task_context())
    assert emulator.accepted() == 0


@pytest.mark.parametrize(("name", "field"), [("p.png", "image_url"), ("a.mp3", "audio_url")])
def test_what_is_no_media_is_refused(submit, emulator, put, name, field):
    with pytest.raises(AirflowFailException, match=f"{field} s3://"):
        submit(**{field: put(name, b"<html>not found</html>" * 50)}).execute(task_context())
    assert emulator.accepted() == 0


def test_an_input_that_this_worker_cannot_reach_is_not_refused_for_it(submit, emulator, caplog):
    submit(image_url="http://127.0.0.1:9/p.png").execute(task_context())
    assert emulator.accepted() == 1
    assert "cannot be read from here" in caplog.text


def test_a_long_prompt_is_warned_about(submit, capsys):
    submit(prompt="字" * 301).execute(task_context())
    assert "prompt has 301 characters; at most 300 are advised" in capsys.readouterr().out


def test_a_lost_reply_fails_at_once_and_is_not_retried(submit, emulator):
    emulator.fault(kind="reset", phase="after", action="CVSubmitTask")
    with pytest.raises(AirflowFailException, match="may exist, and be billed"):
        submit().execute(task_context())
    assert emulator.accepted() == 1


def test_a_limit_is_left_to_airflows_retries(submit, emulator, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    emulator.fault(kind="code", code="50430", action="CVSubmitTask", count=None)
    with pytest.raises(QuotaError, match="50430"):
        submit().execute(task_context())


def test_a_service_that_is_down_is_left_to_airflows_retries(submit, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setenv(
        "AIRFLOW_CONN_DOWN", '{"conn_type":"omnihuman","login":"a","password":"b","extra":{"endpoint":"http://127.0.0.1:9"}}'
    )
    with pytest.raises(TransportError):
        submit(omnihuman_conn_id="down").execute(task_context())


@pytest.mark.parametrize("code", ["50411", "50412", "50413", "50400", "50204", "SignatureDoesNotMatch"])
def test_a_refusal_that_no_retry_mends_fails_at_once(submit, emulator, code):
    emulator.fault(kind="code", code=code, action="CVSubmitTask")
    with pytest.raises(AirflowFailException, match=rf"^\[{code}\] .*request "):
        submit().execute(task_context())


@pytest.mark.parametrize("field", OmniHumanSubmitOperator.template_fields)
def test_every_input_is_templated_and_an_attribute(submit, field):
    assert hasattr(submit(), field)
