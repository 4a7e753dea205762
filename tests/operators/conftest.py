"""Inputs in S3, and operators that use the connections of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator


@pytest.fixture
def inputs(put: Callable[[str, bytes], str], portrait_png: bytes, speech_wav: Callable[[float], bytes]) -> dict[str, str]:
    return {"image_url": put("in/p.png", portrait_png), "audio_url": put("in/a.wav", speech_wav(1.2))}


@pytest.fixture
def submit(connections: None, inputs: dict[str, str]) -> Callable[..., OmniHumanSubmitOperator]:
    def make(**arguments: Any) -> OmniHumanSubmitOperator:
        return OmniHumanSubmitOperator(task_id="submit", **inputs | {"output_resolution": 720} | arguments)

    return make
