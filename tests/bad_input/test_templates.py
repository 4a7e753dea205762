"""Templates that cannot be rendered, or that render to something else than was meant."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from tests.bad_input.cases import ACCEPTABLE, Refused, each

ACCEPTABLE |= {
    OmniHumanVideoOperator: ACCEPTABLE[OmniHumanSubmitOperator],
    TextToSpeechOperator: {"text": "Good evening."},
}

# Airflow renders before the task begins; the error is Jinja's, and Airflow's log says in which field.
UNRENDERABLE = [
    Refused(
        name="a variable that is not there",
        given={"image_url": "{{ portrait }}"},
        error=jinja2.UndefinedError,
        told=("'portrait' is undefined",),
    ),
    Refused(
        name="a parameter that is not there",
        given={"prompt": "{{ params.mood }}"},
        error=jinja2.UndefinedError,
        told=("'dict object' has no attribute 'mood'",),
    ),
    Refused(
        name="braces that do not close",
        given={"audio_url": "{{ params.audio"},
        error=jinja2.TemplateSyntaxError,
        told=("unexpected end of template",),
    ),
    Refused(
        name="a filter that is not there",
        given={"text": "{{ 'hello' | shout }}"},
        operator=TextToSpeechOperator,
        error=jinja2.TemplateAssertionError,
        told=("No filter named 'shout'",),
    ),
    Refused(
        name="code that would break out",
        given={"prompt": "{{ ''.__class__.__mro__ }}"},
        error=jinja2.exceptions.SecurityError,
        told=("access to attribute '__class__' of 'str' object is unsafe",),
    ),
]

MISRENDERED = [
    Refused(
        name="an XCom that is None",
        given={"audio_url": "{{ params.get('speech') }}"},
        told=("audio_url must be an http(s) URL with a host, not 'None'", "the task id that it is pulled from"),
    ),
    Refused(
        name="a whole mapping in place of its URL",
        given={"audio_url": "{{ {'uri': 's3://b/a.mp3'} }}"},
        told=("audio_url must be an http(s) URL, not the text", "{'uri': 's3://b/a.mp3'}", "give one value of it"),
    ),
    Refused(
        name="single braces",
        given={"image_url": "{ params.portrait }"},
        told=("image_url holds a space", "{ params.portrait }"),
    ),
    Refused(
        name="a list as Python writes it", given={"mask_url": "{{ ['https://h/m.png'] }}"}, told=("mask_url is not a JSON list",)
    ),
    Refused(name="a seed of words", given={"seed": "{{ 'seven' }}"}, told=("seed must be a whole number, not 'seven'",)),
    Refused(name="a seed that is a float", given={"seed": "{{ 7 / 1 }}"}, told=("seed must be a whole number, not '7.0'",)),
    Refused(
        name="a label as Python writes it",
        given={"aigc_meta": "{{ {'producer_id': 'p'} }}"},
        operator=OmniHumanVideoOperator,
        told=("aigc_meta is not JSON",),
    ),
    Refused(
        name="a text that came to nothing",
        given={"text": "{{ '' }}"},
        operator=TextToSpeechOperator,
        told=("there is no text to speak",),
    ),
]


@each([*UNRENDERABLE, *MISRENDERED])
def test_it_is_refused_before_anything_is_sent(refused, case):
    refused(case)


@pytest.mark.parametrize("case", UNRENDERABLE[:3], ids=lambda case: case.name)
def test_the_log_says_in_which_field(refused, case, capsys, caplog):
    refused(case)
    ((field, template),) = case.given.items()
    text: Any = caplog.text + capsys.readouterr().out
    assert field in text
    assert template in text
