"""Inputs in S3, and operators that use the connections of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from tests.task_context import TaskState, task_context


@pytest.fixture
def inputs(put: Callable[[str, bytes], str], portrait_png: bytes, speech_wav: Callable[[float], bytes]) -> dict[str, str]:
    return {"image_url": put("in/p.png", portrait_png), "audio_url": put("in/a.wav", speech_wav(1.2))}


@pytest.fixture
def submit(connections: None, inputs: dict[str, str]) -> Callable[..., OmniHumanSubmitOperator]:
    def make(**arguments: Any) -> OmniHumanSubmitOperator:
        return OmniHumanSubmitOperator(task_id="submit", **inputs | {"output_resolution": 720} | arguments)

    return make


@pytest.fixture
def state() -> TaskState:
    """The task's state, which outlives its tries."""
    return TaskState()


@pytest.fixture
def attempt(submit: Callable[..., OmniHumanSubmitOperator], state: TaskState) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Make one try of the task; ``context`` fields and operator arguments may differ from try to try."""

    def make(*, state: TaskState = state, max_tries: int = 0, **arguments: Any) -> tuple[str, dict[str, Any]]:
        context = task_context(state=state, max_tries=max_tries)
        return submit(**arguments).execute(context), context["ti"].xcoms

    return make


@pytest.fixture
def video(connections: None, inputs: dict[str, str]) -> Callable[..., OmniHumanVideoOperator]:
    def make(**arguments: Any) -> OmniHumanVideoOperator:
        return OmniHumanVideoOperator(
            task_id="v", **inputs | {"output_resolution": 720, "poll_interval": 0.05, "deferrable": True} | arguments
        )

    return make
