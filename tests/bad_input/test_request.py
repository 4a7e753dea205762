"""Arguments of a render that cannot be: each is refused before anything is sent, by the field's name."""

from __future__ import annotations

import math
from datetime import timedelta

from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from tests.bad_input.cases import ACCEPTABLE, SECRET, Refused, each
from tests.bad_input.files import uri
from tests.conftest import BUCKET

ACCEPTABLE[OmniHumanVideoOperator] = ACCEPTABLE[OmniHumanSubmitOperator]

AT_VOLCENGINE = {
    "omnihuman_default": {
        "conn_type": "omnihuman",
        "login": "AK",
        "password": SECRET,
        "extra": {"endpoint": "https://cv.example.com"},
    }
}
"""A service out there, which reaches nothing in here."""

URLS = [
    Refused(
        name="data: URL",
        given={"image_url": "data:image/png;base64,iVBORw0KGgo="},
        told=("image_url is a data: URL", "upload the file and give its http(s) or s3:// URL"),
    ),
    Refused(
        name="path of a file",
        given={"audio_url": "/home/me/speech.mp3"},
        told=("audio_url must be an http(s) URL with a host, not '/home/me/speech.mp3'", "put the file into S3", "s3:// URL"),
    ),
    Refused(name="file URL", given={"image_url": "file:///p.png"}, told=("image_url must be", "'file:///p.png'", "into S3")),
    Refused(name="ftp", given={"audio_url": "ftp://h/a.mp3"}, told=("audio_url must be an http(s) URL", "'ftp://h/a.mp3'")),
    Refused(name="another store's scheme", given={"image_url": "gs://b/p.png"}, told=("image_url must be", "'gs://b/p.png'")),
    Refused(name="no portrait", given={"image_url": None}, told=("image_url is missing", "or a presenter"), when_written=True),
    Refused(name="empty URL", given={"image_url": ""}, told=("image_url must be an http(s) URL, not str ''",)),
    Refused(name="no URL", given={"audio_url": None}, told=("audio_url must be an http(s) URL, not NoneType None", "task id")),
    Refused(name="number for a URL", given={"audio_url": 7}, told=("audio_url must be an http(s) URL, not int 7",)),
    Refused(name="bytes for a URL", given={"image_url": b"https://h/p.png"}, told=("image_url must be", "not bytes")),
    Refused(
        name="XCom of a whole task for a URL",
        given={"audio_url": {"uri": f"https://h/a.mp3?X-Amz-Signature={SECRET}"}},
        told=("audio_url must be an http(s) URL, not dict {'uri': 'https://h/a.mp3?…'}", "give one value of it"),
    ),
    Refused(
        name="text of the XCom of a whole task for a URL",
        given={"audio_url": f"{{'uri': 'https://h/a.mp3?X-Amz-Signature={SECRET}', 's': 3}}"},
        told=(
            "audio_url must be an http(s) URL, not the text \"{'uri': 'https://h/a.mp3?…', 's': 3}\"",
            "give one value of it",
        ),
    ),
    Refused(name="URL without a host", given={"image_url": "http:///p.png"}, told=("image_url must be", "with a host")),
    Refused(name="space in a URL", given={"image_url": "https://h/my p.png"}, told=("image_url holds a space", "percent-encode")),
    Refused(name="line break in a URL", given={"image_url": "https://h/a\nb.png"}, told=("image_url holds a space or control",)),
    Refused(name="host with two dots", given={"image_url": "http://a..b/p"}, told=("image_url has a host that cannot exist",)),
    Refused(
        name="port out of range", given={"image_url": "http://h:99999/p"}, told=("image_url is not a URL", "http://h:99999/p")
    ),
    Refused(
        name="password in a URL",
        given={"image_url": f"https://me:{SECRET}@h/p.png"},
        told=("image_url carries a user name or password", "use a presigned URL"),
    ),
    Refused(
        name="bucket without a key", given={"image_url": "s3://bucket"}, told=("image_url must name an object", "'s3://bucket'")
    ),
    Refused(
        name="folder in S3", given={"audio_url": "s3://bucket/in/"}, told=("audio_url must name an object", "'s3://bucket/in/'")
    ),
    Refused(
        name="bucket name that S3 does not allow",
        given={"audio_url": "s3://my bucket/a.mp3"},
        told=("audio_url 's3://my bucket/a.mp3' cannot be presigned by the connection 'aws_default'", "Invalid bucket name"),
    ),
    Refused(
        name="localhost, which the service cannot reach",
        given={"image_url": "http://localhost:9/p.png", "check_inputs": False},
        connections=AT_VOLCENGINE,
        told=("image_url points to 'localhost', which only this network can reach", "give a public URL"),
    ),
    Refused(
        name="private address, which the service cannot reach",
        given={"image_url": "https://media.example/p.png", "audio_url": "http://127.0.0.53:9/a.mp3", "check_inputs": False},
        connections=AT_VOLCENGINE,
        told=("audio_url points to '127.0.0.53'", "give a public URL"),
    ),
    Refused(
        name="a container's name, which the service cannot reach",
        given={"image_url": uri("portrait.png"), "audio_url": "http://minio/a.mp3", "check_inputs": False},
        connections=AT_VOLCENGINE,
        told=("image_url points to '127.0.0.1'", "an s3:// one of a store with a public endpoint"),
    ),
]

MASKS = [
    Refused(name="six masks", given={"mask_url": ["https://h/m.png"] * 6}, told=("mask_url has 6 masks; at most 5",)),
    Refused(name="number for masks", given={"mask_url": 7}, told=("mask_url must be a list of URLs, not int",)),
    Refused(name="mapping for masks", given={"mask_url": {"url": []}}, told=("mask_url must be a list of URLs, not dict",)),
    Refused(
        name="bytes for masks",
        given={"mask_url": b"https://h/m.png"},
        told=("mask_url must be a list of URLs, not bytes",),
    ),
    Refused(name="half a JSON list of masks", given={"mask_url": '["https://h/m.png"'}, told=("mask_url is not a JSON list",)),
    Refused(name="a mask that is None", given={"mask_url": [None]}, told=("mask_url[0] must be an http(s) URL, not NoneType",)),
    Refused(
        name="the second mask is a data: URL",
        given={"mask_url": ["https://h/m.png", "data:image/png;base64,AA=="]},
        told=("mask_url[1] is a data: URL",),
    ),
    Refused(
        name="a mask that is a folder", given={"mask_url": ["s3://b/m/"]}, told=("mask_url[0] must name an object", "'s3://b/m/'")
    ),
    Refused(
        name="a mask that is not there",
        given={"image_url": uri("portrait.png"), "audio_url": uri("speech.wav"), "mask_url": [f"s3://{BUCKET}/in/no-mask.png"]},
        told=("mask_url[0]", "s3://omnihuman-tests/in/no-mask.png", "HTTP 404"),
    ),
]

PARAMETERS = [
    Refused(name="number for a prompt", given={"prompt": 7}, told=("prompt must be text, not int 7",)),
    Refused(name="list for a prompt", given={"prompt": ["a smile"]}, told=("prompt must be text, not list ['a smile']",)),
    Refused(name="bytes for a prompt", given={"prompt": b"a smile"}, told=("prompt must be text, not bytes",)),
    Refused(name="half an emoji", given={"prompt": "cut \ud83d"}, told=("prompt holds a broken character", "at position 4")),
    Refused(name="seed NaN", given={"seed": math.nan}, told=("seed must be a whole number, not nan",)),
    Refused(name="seed 'nan'", given={"seed": "nan"}, told=("seed must be a whole number, not 'nan'",)),
    Refused(name="seed of a half", given={"seed": 1.5}, told=("seed must be a whole number, not 1.5",)),
    Refused(name="seed true", given={"seed": True}, told=("seed must be a whole number, not True",)),
    Refused(name="seed below -1", given={"seed": -2}, told=("seed must be an integer ≥ -1", "not -2")),
    Refused(name="seed of 65 bits", given={"seed": 2**64}, told=("seed must be an integer", "64 bits", "18446744073709551616")),
    Refused(name="seed of 5,000 digits", given={"seed": "9" * 5000}, told=("seed must be a whole number, not '999",)),
    Refused(name="resolution 480", given={"output_resolution": 480}, told=("output_resolution must be 720 or 1080, not 480",)),
    Refused(name="resolution '4k'", given={"output_resolution": "4k"}, told=("output_resolution must be", "'4k'")),
    Refused(name="resolution 1080.0", given={"output_resolution": 1080.0}, told=("output_resolution must be", "1080.0")),
    Refused(
        name="fast mode 'perhaps'", given={"pe_fast_mode": "perhaps"}, told=("pe_fast_mode must be true or false, not 'perhaps'",)
    ),
    Refused(name="fast mode 2", given={"pe_fast_mode": 2}, told=("pe_fast_mode must be true or false, not 2",)),
    Refused(
        name="presigned for 8 days",
        given={"presigned_url_expires_in": timedelta(days=8)},
        told=("presigned_url_expires_in", "7 days"),
    ),
    Refused(
        name="presigned for half a second", given={"presigned_url_expires_in": 0.5}, told=("presigned_url_expires_in", "0.5 s")
    ),
    Refused(name="presigned for -1 s", given={"presigned_url_expires_in": -1}, told=("presigned_url_expires_in", "not -1")),
    Refused(name="presigned for NaN", given={"presigned_url_expires_in": math.nan}, told=("presigned_url_expires_in", "not nan")),
    Refused(name="presigned for '1h'", given={"presigned_url_expires_in": "1h"}, told=("presigned_url_expires_in", "not '1h'")),
]

LABEL = {"producer_id": "p", "content_propagator": "c"}


def video(name: str, *told: str, defect: str = "", **given: object) -> Refused:
    return Refused(name=name, given=given, told=told, operator=OmniHumanVideoOperator, defect=defect)


WAITS = [
    video("label as a list", "aigc_meta must be a mapping, not list", aigc_meta=["p"]),
    video("label as half a JSON object", "aigc_meta is not JSON", aigc_meta='{"producer_id": '),
    video("label without its propagator", "aigc_meta lacks", "['content_propagator']", aigc_meta={"producer_id": "p"}),
    video("label with a misspelt field", "unknown fields ['produce_id']", "known are", aigc_meta={**LABEL, "produce_id": "p"}),
    video(
        "label of 257 characters",
        "aigc_meta.producer_id has 257 characters",
        "256",
        aigc_meta={**LABEL, "producer_id": "p" * 257},
    ),
    video(
        "label with an empty field", "aigc_meta.producer_id must be a non-empty string", aigc_meta={**LABEL, "producer_id": ""}
    ),
    video("label with a number", "aigc_meta.propagate_id must be", "not 7", aigc_meta={**LABEL, "propagate_id": 7}),
    video(
        "label with half an emoji", "aigc_meta.producer_id holds a broken character", aigc_meta={**LABEL, "producer_id": "\ud83d"}
    ),
    video("waiting for NaN", "timeout must be a timedelta or a positive number of seconds", "not nan", timeout=math.nan),
    video("waiting for '2h'", "timeout must be", "'2h'", timeout="2h"),
    video("waiting for no time", "timeout must be", "not 0", timeout=0),
    video("waiting for two years", "timeout must be", "at most a year", timeout=timedelta(days=731)),
    video("polling every 0 s", "poll_interval must be", "not 0", poll_interval=0),
    video("polling every NaN", "poll_interval must be", "not nan", poll_interval=math.nan),
    video("tolerating for -1 s", "fault_tolerance must be", "not -1", fault_tolerance=-1),
]


@each([*URLS, *MASKS, *PARAMETERS, *WAITS])
def test_it_is_refused_before_anything_is_sent(refused, case):
    refused(case)


def test_the_same_task_without_the_mistake_is_accepted(run, emulator):
    """Or else the cases above would show nothing."""
    run(OmniHumanSubmitOperator(task_id="t", image_url=uri("portrait.png"), audio_url=uri("speech.wav")))
    assert emulator.accepted() == 1
