"""Arguments that nobody gave have the API's defaults, and the request is the one that it has always been."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.api.conversations import Conversations
from airflow_provider_omnihuman.operators.inputs import MediaInputs
from airflow_provider_omnihuman.operators.request import PreparedRequest
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from tests.task_context import task_context

URLS = {"image_url": "https://a.example/p.png", "audio_url": "https://a.example/a.wav"}
NAMES = ("image_url", "audio_url", "mask_url", "prompt", "seed", "output_resolution", "pe_fast_mode")
WITH_DEFAULTS = "945d65885dbaed3fc49165e9e2b4ee400e79035f42359124b118b8bd219b6588"
WITH_ALL = "10b8d696897d2b49763f15d12c48ccb20f3f5d8d084eef5431dc64b2dc2d2665"
"""Computed by version 0.1.0: under these, archives and ledgers hold what was paid for."""


def fingerprint(**given):
    operator = OmniHumanSubmitOperator(task_id="t", **URLS | given)
    arguments = {name: getattr(operator, name) for name in NAMES}
    prepared = PreparedRequest.build(arguments, inputs=MediaInputs(aws_conn_id=None, expires_in_s=60))
    return prepared.fingerprint(conn_id="omnihuman_default", api=Conversations())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"seed": -1, "output_resolution": 1080, "pe_fast_mode": False},
        {"seed": None, "output_resolution": None, "pe_fast_mode": None, "prompt": None, "mask_url": None},
        {"seed": "None", "output_resolution": "", "pe_fast_mode": " null "},
    ],
    ids=["nothing", "the defaults", "None", "what a template makes of None"],
)
def test_a_render_with_defaults_has_the_fingerprint_that_it_always_had(given):
    assert fingerprint(**given) == WITH_DEFAULTS


def test_a_render_with_everything_given_has_the_fingerprint_that_it_always_had():
    assert fingerprint(seed=7, output_resolution=720, pe_fast_mode=True, prompt="a smile") == WITH_ALL


def test_a_seed_of_zero_is_given():
    assert fingerprint(seed=0) not in {WITH_DEFAULTS, fingerprint(seed=1)}


def test_none_in_a_mapped_row_is_not_given(submit, emulator):
    mapped = {"seed": None, "output_resolution": None, "pe_fast_mode": None, "prompt": None, "mask_url": None}
    context = task_context()
    submit(**mapped).execute(context)
    (job,) = emulator.state()["jobs"]
    assert (job["body"]["seed"], job["body"]["output_resolution"], job["body"]["pe_fast_mode"]) == (-1, 1080, False)
    assert context["ti"].xcoms["request"]["output_resolution"] == 1080


def test_a_task_without_a_portrait_is_refused_when_it_is_written():
    with pytest.raises(AirflowFailException, match="image_url is missing: give the portrait's URL, or a presenter"):
        OmniHumanSubmitOperator(task_id="t", audio_url=URLS["audio_url"])
