"""A request is checked before it is sent: what is wrong, with which value."""

from __future__ import annotations

import math

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import AigcMeta, VideoRequest

URLS = {"image_url": "https://cdn.example/p.png", "audio_url": "https://cdn.example/a.mp3"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_url": ""}, "image_url must be an http"),
        ({"image_url": None}, "image_url must be an http"),
        ({"image_url": "ftp://h/p.png"}, "image_url must be an http.s. URL with a host, not 'ftp"),
        ({"image_url": "https://"}, "image_url must be an http.s. URL with a host"),
        ({"image_url": "data:image/png;base64,AAAA"}, "image_url is a data: URL"),
        ({"audio_url": "https://h/a b.mp3"}, "audio_url holds a space"),
        ({"audio_url": "https://h/a\nb.mp3"}, "audio_url holds a space or control character"),
        ({"audio_url": "https://user:pass@h/a.mp3"}, "audio_url carries a user name"),
        ({"audio_url": "https://h:99999/a.mp3"}, "audio_url is not a URL"),
        ({"audio_url": "https://[::1/a.mp3"}, "audio_url is not a URL"),
        ({"audio_url": 7}, "audio_url must be an http"),
        ({"mask_url": ("https://h/m.png",) * 6}, "mask_url has 6 masks; at most 5"),
        ({"mask_url": ["https://h/m.png"]}, "mask_url must be a list"),
        ({"mask_url": ("nonsense",)}, r"mask_url\[0\] must be an http"),
        ({"seed": -2}, "seed must be an integer ≥ -1.*-2"),
        ({"seed": 1.0}, "seed must be an integer"),
        ({"seed": math.nan}, "seed must be an integer.*nan"),
        ({"seed": True}, "seed must be an integer"),
        ({"seed": 2**63}, "seed must be an integer .* at most 64 bits, not 9223372036854775808"),
        ({"seed": 10**5000}, "seed must be an integer .* not a huge int"),
        ({"seed": -(10**5000)}, "seed must be an integer .* not a huge int"),
        ({"prompt": "cut \ud83d"}, "prompt holds a broken character .a lone surrogate. at position 4"),
        ({"seed": "7"}, "seed must be an integer"),
        ({"output_resolution": 480}, "output_resolution must be 720 or 1080, not 480"),
        ({"output_resolution": "720"}, "output_resolution must be 720 or 1080"),
        ({"output_resolution": 720.0}, "output_resolution must be 720 or 1080"),
        ({"pe_fast_mode": 1}, "pe_fast_mode must be true or false, not 1"),
        ({"pe_fast_mode": "true"}, "pe_fast_mode must be true or false"),
        ({"prompt": 5}, "prompt must be text"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value(changes, message):
    with pytest.raises(InvalidRequestError, match=message) as caught:
        VideoRequest(**URLS | changes)
    assert not caught.value.retryable


def test_defaults_are_the_vendors():
    request = VideoRequest(**URLS)
    assert request.to_body() == {**URLS, "seed": -1, "output_resolution": 1080, "pe_fast_mode": False}


def test_all_parameters_reach_the_body_under_the_apis_names():
    request = VideoRequest(**URLS, mask_url=("https://h/m.png",), prompt="笑", seed=0, output_resolution=720, pe_fast_mode=True)
    assert request.to_body() == {
        **URLS,
        "mask_url": ["https://h/m.png"],
        "prompt": "笑",
        "seed": 0,
        "output_resolution": 720,
        "pe_fast_mode": True,
    }


@pytest.mark.parametrize(("length", "warnings"), [(300, 0), (301, 1)])
def test_a_long_prompt_is_a_warning(length, warnings):
    assert len(VideoRequest(**URLS, prompt="字" * length).warnings) == warnings


def test_queries_are_in_neither_repr_nor_facts():
    request = VideoRequest(
        image_url="https://h/p.png?X-Amz-Signature=s3cr3t",
        audio_url="https://h/a.mp3?X-Amz-Signature=s3cr3t",
        mask_url=("https://h/m.png?X-Amz-Signature=s3cr3t",),
    )
    assert "s3cr3t" not in repr(request)
    assert "s3cr3t" not in str(request.facts())
    assert request.facts()["mask_url"] == ["https://h/m.png"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "lacks the required fields .'content_propagator', 'producer_id'."),
        ({"producer_id": "p"}, "lacks the required fields .'content_propagator'."),
        ({"producer_id": "", "content_propagator": "c"}, "producer_id must be a non-empty string"),
        ({"producer_id": "x" * 257, "content_propagator": "c"}, "producer_id has 257 characters; at most 256"),
        ({"producer_id": "p", "content_propagator": "c", "propagate_id": "x" * 257}, "propagate_id has 257"),
        ({"producer_id": 5, "content_propagator": "c"}, "producer_id must be a non-empty string, not 5"),
        ({"producer_id": "p", "content_propagator": "c", "produce_id": "x"}, "unknown fields .'produce_id'."),
        ({"producer_id": "\ud83d", "content_propagator": "c"}, "producer_id holds a broken character"),
        ("p", "must be a mapping, not str"),
    ],
)
def test_a_wrong_aigc_meta_names_the_field(fields, message):
    with pytest.raises(InvalidRequestError, match=message):
        AigcMeta.from_dict(fields)


def test_optional_fields_of_the_label_are_left_out_when_unset():
    assert AigcMeta("p" * 256, "c").to_dict() == {"producer_id": "p" * 256, "content_propagator": "c"}
