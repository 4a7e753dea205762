"""A manifest read back: checked, since anybody may have written it, and turned into facts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["archive_facts", "free_of_charge", "read_manifest", "recorded_differences", "reused_facts"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NUMBERS = ("duration_s", "width", "height", "fps")


def read_manifest(data: bytes, *, name: str) -> dict[str, Any]:
    """Return a manifest that has all that its readers rely on.

    :param data: the document
    :param name: what to call it in a message
    :raises ArchiveError: says what is wrong with it
    """
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{name} is no manifest: it is not JSON") from error
    if wrong := _what_is_wrong(manifest):
        raise ArchiveError(f"{name} is no manifest: {wrong}")
    checked: dict[str, Any] = manifest
    return checked


def _what_is_wrong(manifest: Any) -> str | None:
    """Return the first thing that a manifest of ours has and this one has not."""
    if not isinstance(manifest, dict):
        return "it is no object"
    video, poster, label = (manifest.get(name) for name in ("video", "poster", "aigc_label"))
    if not isinstance(video, dict) or not isinstance(label, dict) or not isinstance(poster, dict | None):
        return "video, poster or aigc_label is missing"
    differences = label.get("differences", [])
    if not isinstance(differences, list) or not all(isinstance(item, str) for item in differences):
        return "aigc_label.differences is no list of texts"
    if not isinstance(manifest.get("task_id"), str | None):
        return "task_id is no text"
    places = {"video.uri": video.get("uri")} | ({"poster.uri": poster.get("uri")} if poster is not None else {})
    return _wrong_with_numbers(video) or _wrong_with_places(places)


def _wrong_with_numbers(video: dict[str, Any]) -> str | None:
    size, sha256 = video.get("bytes"), video.get("sha256")
    if type(size) is not int or size < 0 or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        return "the video's size or checksum is missing"
    wrong = [name for name in _NUMBERS if not _is_number(video.get(name))]
    return f"of the video, {', '.join(wrong)} is missing" if wrong else None


def _wrong_with_places(places: dict[str, Any]) -> str | None:
    for field, uri in places.items():
        try:
            place = S3Location.from_uri(uri, field=field)
        except ArchiveError as error:
            return error.message
        if not place.key:
            return f"{field} names no object"
    return None


def archive_facts(manifest: dict[str, Any], *, reused: bool) -> dict[str, Any]:
    """Return what the archive operator returns and the asset event carries.

    :param manifest: built, or read and checked
    :param reused: whether this video was archived before
    """
    video, poster, fingerprint = manifest["video"], manifest.get("poster"), manifest.get("fingerprint")
    return {
        "uri": video["uri"],
        "manifest_uri": S3Location("", video["uri"]).sibling(".json").key,  # whatever the bucket's name looks like
        "poster_uri": poster["uri"] if poster else None,
        "task_id": manifest.get("task_id"),
        "fingerprint": fingerprint if isinstance(fingerprint, str) else None,
        **{name: video[name] for name in ("bytes", "sha256", *_NUMBERS)},
        "aigc_label_found": bool(manifest["aigc_label"].get("found")),
        "reused": reused,
        **(free_of_charge(manifest) if reused else _billed(manifest)),
    }


def free_of_charge(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is billed for a video that was archived before: nothing, in the currency of its manifest.

    :param manifest: built, or read; one of an earlier version tells of no cost
    """
    cost = _billed(manifest)["cost"]
    return {"billed_seconds": 0.0, "cost": cost and {**cost, "amount": 0.0}}


def _billed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    seconds, cost = manifest.get("billed_seconds"), manifest.get("cost")
    amount, currency = (cost.get("amount"), cost.get("currency")) if isinstance(cost, dict) else (None, None)
    is_cost = _is_number(amount) and isinstance(currency, str)
    return {
        "billed_seconds": seconds if _is_number(seconds) else None,
        "cost": {"amount": amount, "currency": currency} if is_cost else None,
    }


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value)


def reused_facts(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a task that reuses an archived video tells the archive of it, as ``request["reused"]``.

    :param manifest: as ``find_archived`` returned it
    """
    facts = archive_facts(manifest, reused=True)
    return {name: facts[name] for name in ("uri", "manifest_uri", "poster_uri", "bytes", "sha256")}


def recorded_differences(manifest: dict[str, Any], *, asked: dict[str, str] | None) -> list[str]:
    """Return how an archived video's AIGC label differs from what is asked for now; empty where nothing is.

    :param manifest: read and checked
    :param asked: under the API's names
    """
    if not asked:
        return []
    label = manifest["aigc_label"]
    if label.get("requested") != asked:
        return ["another one was asked for when it was archived"]
    return list(label.get("differences", []))
