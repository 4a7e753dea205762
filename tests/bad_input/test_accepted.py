"""Input that looks odd and is good: it reaches the service as it was written."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from tests.bad_input.files import uri

PROMPTS = {
    "Chinese": "她微笑着,看向镜头。",
    "Japanese": "彼女はゆっくりうなずく。",
    "Korean": "카메라가 천천히 다가간다.",
    "Spanish": "¡Qué sorpresa! Mueve la mano…",
    "emoji": "a smile 🙂 and a wave 👋🏽",
    "family emoji, joined": "👩‍👩‍👧‍👦 look into the camera",
    "Arabic, right to left": "تبتسم وتنظر إلى الكاميرا",
    "Hebrew with marks of direction": "\u202bשלום\u202c, then left to right",
    "combining accents": "Cafe\u0301, not Café",
    "mathematical letters beyond the first plane": "𝓢𝓶𝓲𝓵𝓮",
    "quotes and braces": """she says "it's {so} <b>fine</b>" \\ & more""",
    "two lines": "first a nod\nthen a smile",
    "5,000 characters": "镜" * 5000,
    "the word null": "nullable",
    "padded": "  a smile  ",
}


def submit(run, **given):
    run(OmniHumanSubmitOperator(task_id="t", **{"image_url": uri("portrait.png"), "audio_url": uri("speech.wav")} | given))


def sent(emulator):
    (job,) = emulator.state()["jobs"]
    return job["body"]


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_is_sent_as_it_was_written(run, emulator, prompt):
    submit(run, prompt=prompt)
    assert sent(emulator)["prompt"] == prompt


@pytest.mark.parametrize(("length", "is_told"), [(300, False), (5000, True)])
def test_a_long_prompt_is_told_and_sent(run, emulator, capsys, length, is_told):
    submit(run, prompt="字" * length)
    assert (f"prompt has {length} characters; at most 300 are advised" in capsys.readouterr().out) is is_told
    assert emulator.accepted() == 1


@pytest.mark.parametrize("nothing", [None, "", "None", " null "])
def test_a_prompt_that_came_to_nothing_is_left_out(run, emulator, nothing):
    submit(run, prompt=nothing)
    assert "prompt" not in sent(emulator)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"seed": "7"}, {"seed": 7}),
        ({"seed": " -1 "}, {"seed": -1}),
        ({"seed": 2**63 - 1}, {"seed": 2**63 - 1}),
        ({"seed": "٧"}, {"seed": 7}),
        ({"output_resolution": "720"}, {"output_resolution": 720}),
        ({"pe_fast_mode": "True"}, {"pe_fast_mode": True}),
        ({"pe_fast_mode": "no"}, {"pe_fast_mode": False}),
    ],
    ids=str,
)
def test_text_of_the_right_kind_is_a_parameter_too(run, emulator, given, expected):
    """Templates make text of everything."""
    submit(run, **given)
    assert sent(emulator).items() >= expected.items()


@pytest.mark.parametrize(
    ("masks", "count"),
    [([uri("portrait.png")] * 5, 5), (uri("portrait.png"), 1), (f'["{uri("portrait.png")}"]', 1), ("None", 0), ([], 0)],
    ids=["five", "one URL", "JSON text", "the word None", "an empty list"],
)
def test_masks_in_every_shape(run, emulator, masks, count):
    submit(run, mask_url=masks)
    assert len(sent(emulator).get("mask_url", [])) == count
