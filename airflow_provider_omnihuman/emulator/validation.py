"""Looks at a request's body as the service does before it accepts anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.catalogue import EVERY_REQ_KEY, KINDS_OF_ACTION, Action, Kind, Site
from airflow_provider_omnihuman.emulator.codes import (
    ACCESS_DENIED,
    INVALID_INPUT,
    INVALID_REQ_KEY,
    UNACTIVATED_REQ_KEY,
    BusinessError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_RESOLUTIONS = (720, 1080)
_MOST_MASKS = 5
_LONGEST_ID = 256


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_mask_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_MASKS and all(map(_is_text, value))


@dataclass(frozen=True, slots=True)
class _Field:
    check: Callable[[Any], bool]
    rule: str
    required: bool = False


_IMAGE = {"image_url": _Field(_is_text, "a URL", required=True)}
# The body of the reference page; a null is no value of any of these types.
_FIELDS: dict[Kind, dict[str, _Field]] = {
    Kind.GENERATE: _IMAGE
    | {
        "audio_url": _Field(_is_text, "a URL", required=True),
        "mask_url": _Field(_is_mask_list, f"a list of at most {_MOST_MASKS} URLs"),
        "seed": _Field(lambda value: _is_whole(value) and value >= -1, "an integer from -1"),
        "prompt": _Field(lambda value: isinstance(value, str), "a string"),
        "output_resolution": _Field(lambda value: _is_whole(value) and value in _RESOLUTIONS, "720 or 1080"),
        "pe_fast_mode": _Field(lambda value: isinstance(value, bool), "a boolean"),
    },
    Kind.RECOGNISE: _IMAGE,
    Kind.DETECT: _IMAGE,
}


def read_body(body: bytes) -> dict[str, Any]:
    """Return the body as an object, or refuse it."""
    try:
        document = json.loads(body)
    except ValueError:  # UnicodeDecodeError is one
        raise BusinessError(INVALID_INPUT, "the body is not JSON") from None
    if not isinstance(document, dict):
        raise BusinessError(INVALID_INPUT, "the body is not a JSON object")
    return document


def check_req_key(body: dict[str, Any], site: Site, action: Action) -> Kind:
    """Return what the req_key stands for."""
    req_key = body.get("req_key")
    if not _is_text(req_key):
        raise BusinessError(INVALID_REQ_KEY, "req_key: must be a string")
    if req_key not in EVERY_REQ_KEY:
        # What people got from the live service for a misspelt one (volcengine/volc-sdk-python issue 39).
        raise BusinessError(ACCESS_DENIED, "req_key: unknown")
    kind = site.req_keys.get(req_key)
    if kind is None or kind not in KINDS_OF_ACTION[action]:
        raise BusinessError(UNACTIVATED_REQ_KEY, f"req_key: not served by {action} on the {site.name} site")
    return kind


def check_fields(body: dict[str, Any], kind: Kind) -> None:
    """Refuse missing and wrong values; unknown fields are ignored, as real services do."""
    for name, field in _FIELDS[kind].items():
        if name not in body:
            if field.required:
                raise BusinessError(INVALID_INPUT, f"{name}: missing")
        elif not field.check(body[name]):
            raise BusinessError(INVALID_INPUT, f"{name}: must be {field.rule}")


def check_query(body: dict[str, Any]) -> tuple[str, dict[str, str] | None]:
    """Return the task id, and the AIGC label that the query asks for."""
    task_id = body.get("task_id")
    if not _is_text(task_id):
        # An id that went through a number is another id, hence this code rather than not_found.
        raise BusinessError(INVALID_INPUT, "task_id: must be a string")
    assert isinstance(task_id, str)
    if "req_json" not in body:
        return task_id, None
    return task_id, _read_label(body["req_json"])


def _read_label(req_json: Any) -> dict[str, str] | None:
    try:
        document = json.loads(req_json) if isinstance(req_json, str) else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BusinessError(INVALID_INPUT, "req_json: must be a string that holds a JSON object")
    if "aigc_meta" not in document:
        return None
    meta = document["aigc_meta"]
    if not isinstance(meta, dict):
        raise BusinessError(INVALID_INPUT, "aigc_meta: must be an object")
    for name in ("producer_id", "content_propagator"):
        if not _is_text(meta.get(name)):
            raise BusinessError(INVALID_INPUT, f"aigc_meta.{name}: missing")
    for name in ("content_producer", "producer_id", "content_propagator", "propagate_id"):
        value = meta.get(name, "")
        if not isinstance(value, str) or len(value) > _LONGEST_ID:
            raise BusinessError(INVALID_INPUT, f"aigc_meta.{name}: must be a string of at most 256 characters")
    return {name: value for name, value in meta.items() if isinstance(value, str)}
