"""Wire samples, and a way to step a conversation by hand, with no client at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from airflow_provider_omnihuman.api.conversations import Conversations, Pause

SAMPLES: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "replies.json").read_text())


def response(sample: str | dict[str, Any] | bytes, *, http_status: int = 200, **headers: str) -> httpx.Response:
    """An HTTP response with a sample of tests/data/replies.json, a document, or raw bytes."""
    if isinstance(sample, bytes):
        return httpx.Response(http_status, content=sample, headers=headers)
    document = SAMPLES[sample] if isinstance(sample, str) else sample
    return httpx.Response(http_status, content=json.dumps(document).encode(), headers=headers)  # lone surrogates, too


class Stepper:
    """Steps conversations: answers their requests in turn, and lets a clock run through their pauses."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.conversations = Conversations(clock=lambda: self.now, rng=Random(7))

    def run(self, conversation: Any, *answers: httpx.Response | Exception | Callable[[], httpx.Response]) -> Any:
        """Perform the conversation; the last answer repeats for as long as it asks."""
        queue = list(answers)
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    self.pauses.append(step.seconds)
                    self.now += step.seconds
                    step = conversation.send(None)
                    continue
                self.requests.append(step)
                assert queue, f"the conversation asks once more: {step!r}"
                answer = queue.pop(0) if len(queue) > 1 else queue[0]
                step = conversation.throw(answer) if isinstance(answer, Exception) else conversation.send(answer)
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def stepper() -> Stepper:
    return Stepper()
