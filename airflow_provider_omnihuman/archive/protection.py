"""What an archive must not write over: its own inputs, and, where the user says so, whatever is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import head

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["mark_of", "refuse_inputs", "refuse_what_is_there"]

_TASK_ID = "omnihuman-task-id"
"""Name of the video object's metadata entry (S3 spells such names in lower case)."""


def mark_of(task_id: object) -> dict[str, str]:
    """Return the metadata by which a later try knows the video object as its own; S3 takes ASCII only."""
    return {_TASK_ID: task_id} if isinstance(task_id, str) and task_id.isascii() else {}


def refuse_inputs(location: S3Location, asked: Mapping[str, Any]) -> None:
    """Refuse a place where video, poster or manifest would replace what the video was made from.

    :param location: of the video
    :param asked: the request's facts
    :raises ArchiveError: names the place
    """
    if location.key.lower().endswith((".json", ".jpg")):
        raise ArchiveError(f"s3_key must not end in .json or .jpg, where manifest and poster go: {location.key!r}")
    masks = asked.get("mask_url")
    inputs = [asked.get("image_url"), asked.get("audio_url"), *(masks if isinstance(masks, list) else [])]
    for place in _three(location):
        if place.uri in inputs:
            raise ArchiveError(f"{place.uri} is an input of this video, and would be written over: choose another s3_key")


def refuse_what_is_there(hook: S3Hook, location: S3Location, *, task_id: object) -> None:
    """Refuse a place that is taken, unless by what an earlier try left of this very video.

    :param hook: to S3
    :param location: of the video
    :param task_id: the OmniHuman task that the video is of
    :raises ArchiveError: names the object that is there
    """
    held = {place: head(hook, place) for place in _three(location)}
    video, mark = held[location], mark_of(task_id)
    if video and mark and video["Metadata"].get(_TASK_ID) == mark[_TASK_ID]:
        return
    for place, found in held.items():
        if found:
            raise ArchiveError(f"{place.uri} exists already, and replace is False")


def _three(location: S3Location) -> tuple[S3Location, S3Location, S3Location]:
    """Return the places of video, poster and manifest."""
    return location, location.sibling(".jpg"), location.sibling(".json")
