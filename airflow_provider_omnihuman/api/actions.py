"""One builder and one parser per API action: the only place with wire JSON.

Each function returns a :class:`Call`, which knows its body, how to read its reply, and nothing of sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

import httpx

from airflow_provider_omnihuman.api.errors import InvalidRequestError, MalformedReplyError
from airflow_provider_omnihuman.api.gates import Lane
from airflow_provider_omnihuman.api.models import (
    MAX_MASKS,
    AigcMeta,
    Subjects,
    Submission,
    TaskReply,
    TaskStatus,
    VideoRequest,
)
from airflow_provider_omnihuman.api.replies import Reply, malformed_data, parse_json_object, read_reply
from airflow_provider_omnihuman.api.sites import Site
from airflow_provider_omnihuman.api.urls import check_media_url, scrub, shown

__all__ = [
    "Call",
    "detect_subjects",
    "get_result",
    "lane_of",
    "read_recognition",
    "submit_recognition",
    "submit_video",
    "time_for_reply",
    "time_left",
]

T = TypeVar("T")

_DETECTION_READ_TIMEOUT_S = 60.0
"""Detection answers synchronously after about 4 s; the vendor advises 30 s at least."""


_LANE, _UNTIL = "omnihuman_lane", "omnihuman_until"


# Both are the same at each of a thousand polls, and take as long as all the rest of a request.
@lru_cache(maxsize=32)
def _url(endpoint: str, action: str, version: str) -> httpx.URL:
    return httpx.URL(endpoint, path="/", params={"Action": action, "Version": version})


@lru_cache(maxsize=32)
def _timeout(read_s: float, connect_s: float) -> dict[str, float | None]:
    # Thousands that come due together share a hundred connections: to wait for one is no fault of the service.
    return httpx.Timeout(read_s, connect=connect_s, pool=None).as_dict()


def time_left(request: httpx.Request, *, now: float) -> float | None:
    """Return how long somebody waits for the reply of a request, seconds, at least one; None where it takes what it takes.

    :param now: wall-clock time, epoch seconds
    """
    until = request.extensions.get(_UNTIL)
    return None if until is None else max(until - now, 1.0)


def time_for_reply(request: httpx.Request, *, now: float) -> float | None:
    """Return how long a reply may take in all, one that drips included, seconds. Arguments as of :func:`time_left`."""
    left_s = time_left(request, now=now)
    return None if left_s is None else left_s + request.extensions["timeout"]["read"]


def lane_of(request: httpx.Request) -> Lane:
    """Return where a request of :meth:`Call.to_request` waits for its turn."""
    lane: Lane = request.extensions.get(_LANE, Lane.POLL)
    return lane


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One HTTP call of the API.

    :param action: the ``Action`` query parameter
    :param version: the ``Version`` query parameter
    :param body: the JSON body
    :param parse: reads the successful reply
    :param min_read_timeout_s: where the call takes longer than a connection's usual timeout
    :param lane: where it waits for its turn
    """

    action: str
    version: str
    body: dict[str, Any] = field(repr=False)
    parse: Callable[[Reply], T]
    min_read_timeout_s: float = 0.0
    lane: Lane = Lane.POLL

    def to_request(
        self, endpoint: str, *, connect_timeout_s: float, read_timeout_s: float, until: float | None = None
    ) -> httpx.Request:
        """Return the HTTP request; the bytes that will be signed are the bytes that will be sent.

        :param until: when nobody waits for the reply any more, epoch seconds
        """
        timeout = _timeout(max(read_timeout_s, self.min_read_timeout_s), connect_timeout_s)
        return httpx.Request(
            "POST",
            _url(endpoint, self.action, self.version),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            content=json.dumps(self.body, ensure_ascii=False).encode(),
            extensions={"timeout": timeout, _LANE: self.lane, _UNTIL: until},
        )

    def read(self, response: httpx.Response) -> T:
        """Return what the reply says.

        :raises ServiceError: an error code
        :raises MalformedReplyError: not a reply of this action
        """
        return self.parse(read_reply(response))


def submit_video(site: Site, request: VideoRequest) -> Call[Submission]:
    """``CVSubmitTask``: start a render. Not idempotent: there is no client token."""
    return Call("CVSubmitTask", site.version, {"req_key": site.generate, **request.to_body()}, _read_submission, lane=Lane.SUBMIT)


def submit_recognition(site: Site, image_url: str) -> Call[Submission]:
    """``CVSubmitTask``: ask whether a subject is in the picture; the answer comes by :func:`get_result`."""
    return Call("CVSubmitTask", site.version, {"req_key": site.recognize, "image_url": image_url}, _read_submission)


def get_result(site: Site, task_id: str, *, req_key: str | None = None, aigc_meta: AigcMeta | None = None) -> Call[TaskReply]:
    """``CVGetResult``: ask how a task is.

    :param req_key: of the call that submitted it; the video's by default
    :param aigc_meta: the label to write; travels as a JSON string in ``req_json``
    :raises InvalidRequestError: what cannot be a task id
    """
    body: dict[str, Any] = {"req_key": req_key or site.generate, "task_id": _checked_id(task_id)}
    if aigc_meta:
        body["req_json"] = json.dumps({"aigc_meta": aigc_meta.to_dict()}, ensure_ascii=False)
    return Call("CVGetResult", site.version, body, lambda reply: _read_task(reply, task_id))


def _checked_id(task_id: object) -> str:
    if not isinstance(task_id, str) or not task_id.strip():
        raise InvalidRequestError(
            f"the OmniHuman task id must be a non-empty string, not {shown(task_id)}: a number loses digits on its way"
        )
    if not task_id.isprintable():
        raise InvalidRequestError(f"the OmniHuman task id holds characters that no task id has: {ascii(task_id)[:80]}")
    return task_id


def detect_subjects(site: Site, image_url: str) -> Call[Subjects]:
    """``CVProcess``: find the subjects of the picture; synchronous."""
    body = {"req_key": site.detect, "image_url": image_url}
    return Call("CVProcess", site.version, body, _read_subjects, min_read_timeout_s=_DETECTION_READ_TIMEOUT_S)


def _read_submission(reply: Reply) -> Submission:
    task_id = reply.data.get("task_id")
    if not isinstance(task_id, str) or not task_id.strip() or not task_id.isprintable():
        raise malformed_data(reply, f"data.task_id is {type(task_id).__name__} {ascii(task_id)[:60]}, not a string to ask by")
    return Submission(task_id=task_id, request_id=reply.request_id)


def _read_task(reply: Reply, task_id: str) -> TaskReply:
    raw = reply.data.get("status")
    try:
        status = TaskStatus(str(raw))
    except ValueError as error:
        why = f"data.status is {scrub(ascii(raw))[:60]}, which the API does not document"
        raise malformed_data(reply, why).with_task(task_id) from error
    result = None
    if reply.data.get("resp_data"):
        result = parse_json_object(reply.data["resp_data"], reply=reply, where="data.resp_data")
    # The international site answers inside resp_data; accept both places on both sites.
    sources = [reply.data, result or {}]
    url = next((s["video_url"] for s in sources if isinstance(s.get("video_url"), str) and s["video_url"]), None)
    if url:
        _check_url(url, reply=reply, where="data.video_url")
    tagged = next((s["aigc_meta_tagged"] for s in sources if isinstance(s.get("aigc_meta_tagged"), bool)), None)
    return TaskReply(
        task_id=task_id,
        status=status,
        video_url=url,
        aigc_meta_tagged=tagged,
        request_id=reply.request_id,
        result=result,
    )


def _check_url(url: object, *, reply: Reply, where: str) -> None:
    try:
        check_media_url(url, field=where)
    except InvalidRequestError as error:
        raise malformed_data(reply, error.message) from error


def read_recognition(reply: TaskReply) -> bool:
    """Return whether a subject is present: ``resp_data`` is ``{"status": 1}`` or ``{"status": 0}``.

    :raises MalformedReplyError: neither
    """
    status = (reply.result or {}).get("status")
    if status not in (0, 1):
        raise MalformedReplyError(
            f"the reply to subject recognition has status {ascii(status)[:60]}, not 0 or 1",
            request_id=reply.request_id,
            task_id=reply.task_id,
        )
    return bool(status)


def _read_subjects(reply: Reply) -> Subjects:
    result = parse_json_object(reply.data.get("resp_data"), reply=reply, where="data.resp_data")
    # Two inner checks beside the envelope's: code, then status (0: no subject).
    if result.get("code", 0) != 0:
        raise malformed_data(reply, f"subject detection failed with inner code {ascii(result.get('code'))[:20]}")
    if result.get("status") not in (0, 1):
        raise malformed_data(reply, f"subject detection has inner status {ascii(result.get('status'))[:20]}")
    detection = result.get("object_detection_result")
    mask = detection.get("mask") if isinstance(detection, dict) else None
    urls = mask.get("url") if isinstance(mask, dict) else None
    if result["status"] == 0 or urls is None:
        return Subjects(mask_urls=(), request_id=reply.request_id)
    if not isinstance(urls, list):
        raise malformed_data(reply, "mask.url is not a list of URLs")
    for url in urls:
        _check_url(url, reply=reply, where="mask.url")
    return Subjects(mask_urls=tuple(urls[:MAX_MASKS]), request_id=reply.request_id)
