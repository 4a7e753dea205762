"""Whatever the service, or a proxy, answers: each conversation ends with its result or with one of our errors."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.errors import (
    OmniHumanError,
    QuotaError,
    TransportError,
    error_from_dict,
)
from airflow_provider_omnihuman.api.models import AigcMeta, Subjects, Submission, TaskReply, Video, VideoRequest
from airflow_provider_omnihuman.api.replies import read_reply
from airflow_provider_omnihuman.api.waiting import Wait
from tests.api.conftest import SAMPLES, Stepper
from tests.fuzz.hostile import LEAKS, SECRET, bodies, examples, is_clear, outcome

pytestmark = pytest.mark.timeout(300)  # seconds, on a machine that does other things, too

REQUEST = VideoRequest(
    image_url=f"https://cdn.example/p.png?X-Amz-Signature={SECRET}",
    audio_url=f"https://cdn.example/a.mp3?X-Amz-Signature={SECRET}",
    mask_url=(f"https://cdn.example/m.png?sign={SECRET}",),
    prompt="微笑",
)
RECOGNISED = {"code": 10000, "data": {"status": "done", "resp_data": json.dumps({"status": 1})}, "request_id": "r"}
DETECTED = {
    "code": 10000,
    "data": {
        "resp_data": json.dumps(
            {"code": 0, "status": 1, "object_detection_result": {"mask": {"url": [f"https://h.example/m.png?sign={SECRET}"]}}}
        )
    },
}
# An object in place of its text, so that the values in it are changed, too.
DETECTED_AS_OBJECT = {"code": 10000, "data": {"resp_data": json.loads(DETECTED["data"]["resp_data"])}}
ECHOES = [{"code": code, "data": None, "message": text, "request_id": "r"} for code in (50220, 50500) for text in LEAKS] + [
    {"ResponseMetadata": {"RequestId": "r", "Error": {"Code": "AccessDenied", "Message": text}}} for text in LEAKS
]

HTTP_STATUSES = st.sampled_from([200, 200, 200, 400, 401, 403, 404, 418, 429, 500, 502, 504, 599])
HEADERS: list[dict[str, str | bytes]] = [
    {},
    {"X-Tt-Logid": "20261122-log", "Content-Type": "application/json"},
    {"X-Tt-Logid": "", "Content-Type": "text/html; charset=utf-8"},
    {"X-Tt-Logid": b"\xff" * 20, "Content-Type": ";;;"},
    {"X-Tt-Logid": "l" * 300, "Content-Type": "x" * 300},
]
REPLIES = st.builds(
    lambda body, http_status, headers: httpx.Response(http_status, content=body, headers=headers),
    bodies([*SAMPLES.values(), RECOGNISED, DETECTED, DETECTED_AS_OBJECT, *ECHOES]),
    HTTP_STATUSES,
    st.sampled_from(HEADERS),
)
NO_REPLIES = st.booleans().map(lambda arrived: TransportError("reset", may_have_arrived=arrived))
ANSWERS = st.lists(st.one_of(REPLIES, REPLIES, REPLIES, NO_REPLIES), min_size=1, max_size=2)


def have(name: str, stepper: Stepper) -> Any:
    api = stepper.conversations
    wait = Wait(deadline=stepper.now + 120, fault_tolerance_s=60, empty_url_tolerance_s=30)
    return {
        "submit": lambda: api.submit(REQUEST),
        "fetch": lambda: api.fetch("7", aigc_meta=AigcMeta("p", "c")),
        "fetch_video": lambda: api.fetch_video("7"),
        "wait_until_done": lambda: api.wait_until_done("7", wait=wait),
        "recognize_subject": lambda: api.recognize_subject(REQUEST.image_url, timeout_s=30),
        "detect_subjects": lambda: api.detect_subjects(REQUEST.image_url),
        "probe": api.probe,
    }[name]()


RESULTS = {
    "submit": Submission,
    "fetch": TaskReply,
    "fetch_video": (Video, type(None)),
    "wait_until_done": Video,
    "recognize_subject": bool,
    "detect_subjects": Subjects,
    "probe": type(None),
}


@examples(600)
@given(name=st.sampled_from(sorted(RESULTS)), answers=ANSWERS)
def test_a_conversation_ends_with_its_result_or_an_error_of_ours(name, answers):
    stepper = Stepper()
    result = outcome(lambda: stepper.run(have(name, stepper), *answers), ours=OmniHumanError)
    if isinstance(result, OmniHumanError):
        assert is_clear(result)
        assert str(error_from_dict(json.loads(json.dumps(result.to_dict())))) == str(result)
    else:
        assert isinstance(result, RESULTS[name])
        assert SECRET not in repr(result)


@examples(500)
@given(answers=ANSWERS)
def test_a_submit_is_never_said_again_after_it_may_have_been_heard(answers):
    """Whatever came back: it was repeated only where it certainly never arrived, or was refused by a limit."""
    stepper = Stepper()
    outcome(lambda: stepper.run(stepper.conversations.submit(REQUEST), *answers), ours=OmniHumanError)
    heard = [*answers, *[answers[-1]] * 9][: len(stepper.requests) - 1]
    assert all(started_nothing(answer) for answer in heard)


def started_nothing(answer: httpx.Response | TransportError) -> bool:
    if isinstance(answer, TransportError):
        return not answer.may_have_arrived
    return isinstance(outcome(lambda: read_reply(answer), ours=OmniHumanError), QuotaError)
