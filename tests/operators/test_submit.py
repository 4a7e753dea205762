"""The submit operator: everything is checked before anything is paid, and the task id comes out at once."""

from __future__ import annotations

import http.server
import io
import threading
from contextlib import contextmanager

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout, redact

from airflow_provider_omnihuman.api.errors import QuotaError, TransportError
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.captions import CaptionsOperator
from airflow_provider_omnihuman.operators.subjects import OmniHumanSubjectRecognitionOperator
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from tests.conftest import BUCKET
from tests.task_context import task_context

DOWN = '{"conn_type":"omnihuman","login":"a","password":"b","extra":{"endpoint":"http://127.0.0.1:9"}}'


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


def test_no_signature_is_logged_or_pushed(submit, logged):
    context = task_context()
    submit().execute(context)
    text = logged()
    assert "Submitted OmniHuman task" in text, "what the operator logs is looked at"
    assert "HTTP Request: GET http://" in text, "and what the HTTP library does"
    assert "receive_response_headers" in text, "to its depths"
    for told in (text, str(context["ti"].xcoms)):
        assert "X-Amz" not in told
        assert "Signature=" not in told


@contextmanager
def redirecting_to(url):
    """A server that answers everything with a redirect to ``url``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", url)
            self.end_headers()

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/p.png"
        server.shutdown()
        thread.join()


def test_the_target_of_a_redirect_is_not_logged_with_its_signature(submit, logged, presigned, portrait_png):
    with redirecting_to(presigned("in/q.png", portrait_png)) as url:
        submit(image_url=url).execute(task_context())
    text = logged()
    assert "b'Location', b'http://127.0.0.1:" in text
    assert "X-Amz" not in text


def test_neither_an_error_nor_a_warning_shows_a_signature(submit, presigned, logged):
    url = presigned("in/no.png", b"<html>not found</html>" * 50)
    with pytest.raises(AirflowFailException, match="image_url http://.*/in/no.png is text") as caught:
        submit(image_url=url).execute(task_context())
    submit(image_url="http://127.0.0.1:9/p.png?X-Amz-Signature=s3cr3t").execute(task_context())
    text = logged()
    assert "http://127.0.0.1:9/p.png cannot be read from here" in text
    assert "X-Amz" not in text + str(caught.value)


SIGNED = "https://cdn.example/{}?X-Amz-Signature={}"


def test_airflow_stores_no_signature_that_a_dag_passes_in():
    """What is shown of a task's fields is what is left of them after redact()."""
    operator = OmniHumanSubmitOperator(
        task_id="s",
        image_url="{{ url }}",
        audio_url=SIGNED.format("a.mp3", "audiosignature"),
        mask_url=["{{ url }}", "s3://b/m.png"],
    )
    operator.render_template_fields({"url": SIGNED.format("p.png", "imagesignature")})
    assert operator.image_url == SIGNED.format("p.png", "imagesignature"), "the task itself still has it"
    stored = {name: redact(getattr(operator, name), name) for name in operator.template_fields}
    assert stored["image_url"] == "https://cdn.example/p.png?***"
    assert stored["audio_url"] == "https://cdn.example/a.mp3?***"
    assert stored["mask_url"] == ["https://cdn.example/p.png?***", "s3://b/m.png"]


def test_airflow_stores_no_signature_of_the_other_operators_either():
    archive = OmniHumanToS3Operator(
        task_id="a", video_url="{{ url }}", request={"image_url": SIGNED.format("r", "requestsignature")}
    )
    look = OmniHumanSubjectRecognitionOperator(task_id="l", image_url="{{ url }}")
    captions = CaptionsOperator(task_id="c", audio_url="{{ url }}")
    for operator in (archive, look, captions):
        operator.render_template_fields({"url": SIGNED.format("v.mp4", "videosignature")})
    assert redact(archive.video_url, "video_url") == "https://cdn.example/v.mp4?***"
    assert redact(archive.request, "request") == {"image_url": "https://cdn.example/r?***"}
    assert redact(look.image_url, "image_url") == "https://cdn.example/v.mp4?***"
    assert redact(captions.audio_url, "audio_url") == "https://cdn.example/v.mp4?***"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": "seven"}, "seed must be a whole number, not 'seven'"),
        ({"output_resolution": "4k"}, "output_resolution must be a whole number, not '4k'"),
        ({"output_resolution": 480}, "output_resolution must be 720 or 1080, not 480"),
        ({"pe_fast_mode": "perhaps"}, "pe_fast_mode must be true or false, not 'perhaps'"),
        ({"image_url": {"uri": "https://h/p?X-Amz-Signature=s3cr3t"}}, r"not dict {'uri': 'https://h/p\?…'}"),
        ({"image_url": "http://a..b/p.png"}, "image_url has a host that cannot exist"),
        ({"audio_url": "s3://bad bucket/a.wav"}, "audio_url 's3://bad bucket/a.wav' cannot be presigned"),
        ({"aws_conn_id": None}, "image_url .* cannot be presigned by the connection None: Unable to locate credentials"),
        ({"seed": "9" * 5000}, "seed must be a whole number, not '9999"),
        ({"seed": 10**30}, "seed must be an integer .* at most 64 bits"),
        ({"prompt": "cut \ud83d"}, "prompt holds a broken character"),
        ({"mask_url": "[" * 100_000}, "mask_url is not a JSON list"),
        ({"image_url": "s3://bucket-only"}, "image_url must name an object, s3://bucket/key"),
        ({"image_url": "s3://bucket/folder/"}, "image_url must name an object"),
        ({"image_url": ""}, "image_url must be an http"),
        ({"image_url": f"s3://{BUCKET}/missing.png"}, "image_url 's3://omnihuman-tests/missing.png' cannot be read: HTTP 404"),
        ({"audio_url": "s3://no-such-bucket/a.wav"}, "audio_url 's3://no-such-bucket/a.wav' cannot be read: HTTP 404"),
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
    with pytest.raises(AirflowFailException, match=message) as caught:
        submit(**changes).execute(task_context())
    assert emulator.state()["requests"] == {}
    assert len(str(caught.value)) < 500
    assert "s3cr3t" not in str(caught.value)


def picture(file_format, size):
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", size).save(file, file_format)
    return file.getvalue()


@pytest.mark.parametrize(
    ("file_format", "size", "message"),
    [
        ("WEBP", (64, 64), "is webp; OmniHuman takes JPG or PNG"),
        ("PNG", (4096, 8), "has 4096×8 pixels; each side must be below 4096"),
    ],
)
def test_a_picture_that_the_service_would_refuse_is_refused(submit, emulator, put, file_format, size, message):
    with pytest.raises(AirflowFailException, match=message):
        submit(image_url=put("in/p.bin", picture(file_format, size))).execute(task_context())
    assert emulator.accepted() == 0


def test_inputs_are_not_read_when_told_so(submit, emulator, put):
    submit(image_url=put("in/p.txt", b"no picture"), check_inputs=False).execute(task_context())
    assert emulator.accepted() == 1


def test_an_input_behind_a_redirect_to_nowhere_is_not_refused_for_it(submit, emulator):
    with redirecting_to("http://a..b/p.png") as url:
        submit(image_url=url).execute(task_context())
    assert emulator.accepted() == 1


def test_a_timeout_of_airflows_within_the_submit_leads_to_no_second_one(submit, emulator, monkeypatch):
    def interrupted(_seconds):
        raise AirflowTaskTimeout("execution_timeout")

    monkeypatch.setattr("time.sleep", interrupted)  # as Airflow's alarm does, wherever the task may be
    monkeypatch.setenv("AIRFLOW_CONN_DOWN", DOWN)
    with pytest.raises(AirflowFailException, match="AirflowTaskTimeout: .*the job may exist"):
        submit(omnihuman_conn_id="down").execute(task_context())


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


def test_a_limit_is_left_to_airflows_retries_where_told_so(submit, emulator):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask", count=None)
    with pytest.raises(QuotaError, match="50430"):
        submit(quota_timeout=None).execute(task_context())
    assert sum(emulator.state()["requests"]["CVSubmitTask"].values()) == 1


def test_a_service_that_is_down_is_left_to_airflows_retries(submit, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setenv("AIRFLOW_CONN_DOWN", DOWN)
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
