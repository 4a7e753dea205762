"""The manifest: one JSON document beside each archived video, telling how it came to be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from airflow_provider_omnihuman import __version__
from airflow_provider_omnihuman.api.cost import Price
from airflow_provider_omnihuman.api.models import Video
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.archive.inspection import Inspection
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.reading import free_of_charge
from airflow_provider_omnihuman.archive.transfer import Stored

__all__ = ["MANIFEST_VERSION", "build_manifest", "manifest_json", "moved_manifest"]

MANIFEST_VERSION = 1

_TOLD_ELSEWHERE = {
    *("task_id", "request_id", "submitted_at", "done_at", "fingerprint", "archive_index", "reused"),
    *("estimated_seconds", "estimated_cost"),
}
"""Of the request's facts: these have places of their own in the manifest, or concern only this run."""


def build_manifest(
    *,
    stored: Stored,
    location: S3Location,
    poster: S3Location,
    inspection: Inspection,
    video: Video | None,
    request: dict[str, Any],
    airflow: dict[str, Any],
    label_differences: Sequence[str] = (),
    done_at: float | None = None,
    billed: Mapping[str, Any] | None = None,
    joined: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the manifest as plain data.

    :param stored: size and checksum
    :param location: of the video
    :param poster: of the poster
    :param inspection: what was found in the file
    :param video: the reply that gave the URL; None where the user gave it
    :param request: what was asked for, as ``OmniHumanSubmitOperator`` pushed it; may be empty
    :param airflow: which task archived it
    :param label_differences: between the AIGC label that was asked for and the one in the file
    :param done_at: when the task was done, epoch seconds
    :param billed: as of :meth:`Price.billed`; by default without a price
    :param joined: of a film that was joined: how, and of which clips
    """
    asked = {name: value for name, value in request.items() if name not in _TOLD_ELSEWHERE}
    asked |= {name: _unsigned(asked[name]) for name in ("image_url", "audio_url", "mask_url") if name in asked}
    return {
        "manifest_version": MANIFEST_VERSION,
        "provider_version": __version__,
        "task_id": video.task_id if video else request.get("task_id"),
        "fingerprint": request.get("fingerprint"),
        **(billed or Price().billed(inspection.video.duration_s)),
        "video": {"uri": location.uri, **asdict(stored), **asdict(inspection.video)},
        "poster": _poster(poster, size=len(inspection.poster)),
        "aigc_label": {
            "requested": request.get("aigc_meta"),
            "tagged": video.aigc_meta_tagged if video else None,
            "found": inspection.label is not None,
            "label": asdict(inspection.label) if inspection.label else None,
            "differences": list(label_differences),
        },
        "request": asked,
        "request_ids": {"submit": request.get("request_id"), "result": video.request_id if video else None},
        "times": {
            "submitted_at": request.get("submitted_at"),
            "done_at": None if done_at is None else _iso(done_at),
            "result_asked_at": _iso(video.asked_at) if video else None,
            "archived_at": _now(),
        },
        "airflow": airflow,
        **(joined or {}),
    }


def moved_manifest(
    manifest: dict[str, Any], *, location: S3Location, poster: S3Location | None, airflow: dict[str, Any]
) -> dict[str, Any]:
    """Return the manifest of a copy: the same video at another place, archived there by another task.

    :param manifest: of the archive that was copied
    :param location: of the copy
    :param poster: of the poster's copy; None where there was none to copy
    :param airflow: which task copied it
    """
    times = manifest.get("times")
    return {
        **manifest,
        "video": {**manifest["video"], "uri": location.uri},
        "poster": _poster(poster, size=(manifest.get("poster") or {}).get("bytes")) if poster else None,
        "reused_from": manifest["video"]["uri"],
        **free_of_charge(manifest),  # or whoever adds up manifests would count the render twice
        "times": {**(times if isinstance(times, dict) else {}), "archived_at": _now()},
        "airflow": airflow,
    }


def manifest_json(manifest: dict[str, Any]) -> bytes:
    """Return the document's bytes: UTF-8, indented, readable by a person."""
    return json.dumps(manifest, ensure_ascii=False, indent=2, default=str).encode(errors="replace") + b"\n"


def _poster(location: S3Location, *, size: int | None) -> dict[str, Any]:
    return {"uri": location.uri, "key": location.key, "bytes": size}


def _unsigned(value: Any) -> Any:
    """Return URLs without their queries, for a request that a Dag's author put together."""
    if isinstance(value, list):
        return [_unsigned(item) for item in value]
    return without_query(value) if isinstance(value, str) else value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
