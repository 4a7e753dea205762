"""The manifest: one JSON document beside each archived video, telling how it came to be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_omnihuman import __version__
from airflow_provider_omnihuman.api.models import Video
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.transfer import Stored
from airflow_provider_omnihuman.media.aigc_label import AigcLabel
from airflow_provider_omnihuman.media.probe import VideoFacts

__all__ = ["MANIFEST_VERSION", "Inspection", "build_manifest", "manifest_json"]

MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in the video file itself.

    :param video: codec, size, duration
    :param label: the implicit AIGC label, None where there is none
    :param poster: a JPEG of one of its pictures
    """

    video: VideoFacts
    label: AigcLabel | None
    poster: bytes


def build_manifest(
    *,
    stored: Stored,
    location: S3Location,
    poster: S3Location,
    inspection: Inspection,
    video: Video | None,
    request: dict[str, Any],
    airflow: dict[str, Any],
) -> dict[str, Any]:
    """Return the manifest as plain data.

    :param stored: size and checksum
    :param location: of the video
    :param poster: of the poster
    :param inspection: what was found in the file
    :param video: the reply that gave the URL; None where the user gave it
    :param request: what was asked for, as ``OmniHumanSubmitOperator`` pushed it; may be empty
    :param airflow: which task archived it
    """
    asked = {name: value for name, value in request.items() if name not in {"task_id", "request_id", "submitted_at"}}
    asked |= {name: _unsigned(asked[name]) for name in ("image_url", "audio_url", "mask_url") if name in asked}
    return {
        "manifest_version": MANIFEST_VERSION,
        "provider_version": __version__,
        "task_id": video.task_id if video else request.get("task_id"),
        "video": {"uri": location.uri, **asdict(stored), **asdict(inspection.video)},
        "poster": {"uri": poster.uri, "key": poster.key, "bytes": len(inspection.poster)},
        "aigc_label": {
            "requested": request.get("aigc_meta"),
            "tagged": video.aigc_meta_tagged if video else None,
            "found": inspection.label is not None,
            "label": asdict(inspection.label) if inspection.label else None,
        },
        "request": asked,
        "request_ids": {"submit": request.get("request_id"), "result": video.request_id if video else None},
        "times": {
            "submitted_at": request.get("submitted_at"),
            "result_asked_at": _iso(video.asked_at) if video else None,
            "archived_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
        "airflow": airflow,
    }


def manifest_json(manifest: dict[str, Any]) -> bytes:
    """Return the document's bytes: UTF-8, indented, readable by a person."""
    return json.dumps(manifest, ensure_ascii=False, indent=2, default=str).encode(errors="replace") + b"\n"


def _unsigned(value: Any) -> Any:
    """Return URLs without their queries, for a request that a Dag's author put together."""
    if isinstance(value, list):
        return [_unsigned(item) for item in value]
    return without_query(value) if isinstance(value, str) else value


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
