"""A broken presenter is told by its file, its field, the value, and what is allowed."""

from __future__ import annotations

import json

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.operators.speech_engines import _ENGINE_OPTIONS
from airflow_provider_omnihuman.presenters.document import MAX_BYTES
from airflow_provider_omnihuman.presenters.fields import ENGINES

WHOLE = """
portrait: https://media.example/anchor.png
voice: zh_female_vv_uranus_bigtts
engine: doubao
speech: {speech_rate: -10, sample_rate: 24000, audio_format: mp3, engine_options: {loudness_rate: 5}}
prompt: |
  She smiles.
  She nods.
seed: 7
output_resolution: 720
pe_fast_mode: true
aigc_meta: {producer_id: p, content_propagator: c, propagate_id: null}
"""


def test_every_field_is_read(write, load):
    path = write(WHOLE)
    presenter = load()
    assert presenter.source == str(path)
    assert presenter.portrait == "https://media.example/anchor.png"
    assert (presenter.engine, presenter.voice) == ("doubao", "zh_female_vv_uranus_bigtts")
    assert presenter.spoken == {
        "voice": "zh_female_vv_uranus_bigtts",
        "speech_rate": -10,
        "sample_rate": 24000,
        "audio_format": "mp3",
        "engine_options": {"loudness_rate": 5},
    }
    assert presenter.render == {
        "prompt": "She smiles.\nShe nods.\n",
        "seed": 7,
        "output_resolution": 720,
        "pe_fast_mode": True,
        "aigc_meta": {"producer_id": "p", "content_propagator": "c"},
    }


def test_what_is_left_out_or_null_is_not_given(write, load):
    write("voice: x\nprompt:\nseed: null\n")
    presenter = load()
    assert presenter.render == {}
    assert presenter.spoken == {"voice": "x"}


def test_fast_mode_false_and_a_random_seed_are_given(write, load):
    write("pe_fast_mode: false\nseed: -1")
    assert load().render == {"pe_fast_mode": False, "seed": -1}


def test_the_engines_are_those_of_the_operator():
    assert set(ENGINES) == set(_ENGINE_OPTIONS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("potrait: a.png", ("has an unknown field 'potrait': did you mean 'portrait'?", "known are portrait, mask, voice")),
        ("speech: {speed: 2}", ("has an unknown field 'speech.speed'", "speech_rate, sample_rate, audio_format")),
        ("1: x", ("has an unknown field '1'",)),
        ("portrait: 7", ("portrait must be a text, not int 7", "put it into quotes")),
        ("portrait: ' '", ("portrait must be a text, not str ' '",)),
        ('portrait: "a\\nb.png"', ("portrait must be a text of one line",)),
        ("portrait: /home/me/a.png", ("portrait must be relative to the presenter's file, or a URL",)),
        ("portrait: gs://b/a.png", ("portrait must be an http(s) URL", "gs://b/a.png")),
        ("portrait: 'data:image/png;base64,AA=='", ("portrait is a data: URL",)),
        ("portrait: https://b.s3.amazonaws.com/a.png?X-Amz-Signature=s3cr3t", ("a.png is signed, which expires",)),
        ("portrait: s3:///a.png", ("portrait must be an s3://bucket/key URI",)),
        ("portrait: s3://b", ("portrait must be an s3://bucket/key URI",)),
        ("portrait: s3://b/pictures/", ("portrait must be an s3://bucket/key URI",)),
        ("portrait: a.png\nmask: 6", ("mask must be a whole number from 1 to 5, not int 6",)),
        ("portrait: a.png\nmask: true", ("mask must be a whole number from 1 to 5, not bool True",)),
        ("mask: 1", ("mask is the number of a subject of the portrait, and there is no portrait",)),
        ("portrait: https://h/a.png\nmask: 1", ("mask needs a portrait that is known by its bytes", "put the picture into S3")),
        ("voice: [x]", ("voice must be a text, not list ['x']",)),
        ("engine: siri", ("engine must be doubao, polly or local, not str 'siri'",)),
        ("speech: fast", ("speech must be a mapping of fields, not str 'fast'",)),
        ("speech: {speech_rate: 101}", ("speech.speech_rate must be a whole number from -50 to 100, not int 101",)),
        ("speech: {sample_rate: '24000'}", ("speech.sample_rate must be a whole number from 8000 to 48000, not str '24000'",)),
        ("speech: {audio_format: flac}", ("speech.audio_format must be mp3, wav", "not str 'flac'")),
        ("speech: {engine_options: 5}", ("speech.engine_options must be a mapping of fields, not int 5",)),
        ('prompt: "\\uD83D"', ("prompt must be a text without halves of characters",)),
        ("prompt: 2026-01-01", ("prompt must be a text, not date", "put it into quotes")),
        ("seed: -2", ("seed must be a whole number ≥ -1 (-1: random), not int -2",)),
        ("seed: 1.5", ("seed must be", "not float 1.5")),
        ("output_resolution: 480", ("output_resolution must be 720 or 1080, not int 480",)),
        ("output_resolution: '720'", ("output_resolution must be 720 or 1080, not str '720'",)),
        ("pe_fast_mode: 1", ("pe_fast_mode must be true or false, not int 1",)),
        ("aigc_meta: {producer_id: p}", ("aigc_meta lacks the required fields ['content_propagator']",)),
        ("aigc_meta: {producer_id: 7, content_propagator: c}", ("aigc_meta.producer_id must be a non-empty string, not 7",)),
        ("aigc_meta: p", ("aigc_meta must be a mapping of fields, not str 'p'",)),
    ],
)
def test_a_wrong_field_is_told(write, load, text, told):
    path = write(text)
    with pytest.raises(InvalidRequestError) as caught:
        load()
    message = str(caught.value)
    assert message.startswith(f"presenter {path}")
    for part in told:
        assert part in message
    assert "s3cr3t" not in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("- a\n- b", "holds a list"),
        ("voice: a\nseed: 1\nvoice: b", "is not YAML in line 3: 'voice' is given twice"),
        ("speech: {sample_rate: 8000, sample_rate: 9000}", "'sample_rate' is given twice"),
        ("voice: &a x\nprompt: *a", "is not YAML in line 2: aliases (*) are not allowed"),
        ("voice: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("voice: {{ run_id }}", "must stand in quotes"),
        ("voice: 'a", "is not YAML"),
        ("voice: a\x00b", "is not YAML"),
        (b"voice: \xff", "is not UTF-8, at byte 7"),
        ("prompt: " + "x" * MAX_BYTES, "is larger than 64 KB"),
        ("[" * 700, "nested too deep"),
        ("seed: 2026-02-30", "is not YAML: day"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_presenter_is_told(write, load, text, told):
    path = write(text)
    with pytest.raises(InvalidRequestError) as caught:
        load()
    assert str(caught.value).startswith(f"presenter {path}")
    assert told in str(caught.value)


def test_json_is_read_as_well(write, load):
    write("\ufeff" + json.dumps({"voice": "x", "pe_fast_mode": True}), name="anchor.json")
    assert load().render == {"pe_fast_mode": True}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"seed": 1, "seed": 2}', "'seed' is given twice"),
        ('{"seed": 1', "is not JSON"),
        ('{"voice": "\\ud83d"}', "voice must be a text"),
        ("[" * 20_000, "nested too deep"),
    ],
    ids=["twice", "half", "half an emoji", "deep"],
)
def test_wrong_json_is_told(write, load, text, told):
    write(text, name="anchor.json")
    with pytest.raises(InvalidRequestError, match=r"^presenter .+anchor.json") as caught:
        load()
    assert told in str(caught.value)
