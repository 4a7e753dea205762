"""What an operator is given as "a video": the facts of its archive, or only its ``s3://`` URI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.archive.errors import ArchiveError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["caption_uris", "given_video", "manifest_of"]

_EMPTY = {"", "none", "null"}
_KNOWN_OF_NONE = ("manifest_uri", "poster_uri", "task_id", "sha256", "bytes", "duration_s", "cost", "billed_seconds")
"""The facts that readers ask for, of a video that nobody has told of."""
_ADVICE = "pass the output of the task that archived it (archive.output), not a template, which makes text of it"


def given_video(value: Any, *, hook: S3Hook, field: str = "video") -> dict[str, Any]:
    """Return the facts of a video; of an URI alone, those that the manifest beside it tells.

    :param value: archive facts, their JSON text, an ``s3://`` URI; or a list of such, of which the first that is there counts;
        of those that a person has said yes to, the one with the latest answer
    :param hook: to S3
    :param field: the argument's name, for the message
    :raises ArchiveError: there is no video
    """
    several = value if isinstance(value, list | tuple) else [value]
    there = [found for one in several if (found := _facts_or_uri(one, field=field)) is not None]
    if there:
        # A review that was cleared and did not come to run again still has its former answer.
        found = max(there, key=_answered_at)
        return found if isinstance(found, dict) else _told_beside(found, hook=hook)
    raise ArchiveError(f"{field} is nothing: no task has given one", advice="look at the tasks before this one")


def _facts_or_uri(value: Any, *, field: str) -> dict[str, Any] | str | None:
    if isinstance(value, str) and value.strip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"{field} is neither a URI nor JSON: {shown(value)}", advice=_ADVICE) from error
    if value is None or (isinstance(value, str) and value.strip().lower() in _EMPTY):
        return None
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("uri"), str):
        raise ArchiveError(
            f"{field} must be the facts of an archived video, or its s3:// URI, not {shown(value)}", advice=_ADVICE
        )
    return {**dict.fromkeys(_KNOWN_OF_NONE), **value}


def _answered_at(video: dict[str, Any] | str) -> str:
    review = video.get("review") if isinstance(video, dict) else None
    return str(review.get("responded_at") or "") if isinstance(review, Mapping) else ""


def _told_beside(uri: str, *, hook: S3Hook) -> dict[str, Any]:
    """Return what the manifest beside a video tells of it, where there is one."""
    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.archive.reading import archive_facts

    video = S3Location.from_uri(uri, field="video")
    manifest = manifest_of({"manifest_uri": video.sibling(".json").uri}, hook=hook)
    return archive_facts(manifest, reused=False) if manifest else {**dict.fromkeys(_KNOWN_OF_NONE), "uri": video.uri}


def manifest_of(facts: Mapping[str, Any], *, hook: S3Hook) -> dict[str, Any]:
    """Return the manifest of a video; an empty one where there is none.

    :param facts: of the video
    :param hook: to S3
    :raises ArchiveError: what is there is no manifest
    """
    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.archive.objects import head, read_small
    from airflow_provider_omnihuman.archive.reading import read_manifest

    if not facts.get("manifest_uri"):
        return {}
    place = S3Location.from_uri(facts["manifest_uri"], field="manifest_uri")
    return read_manifest(read_small(hook, place), name=place.uri) if head(hook, place) else {}


def caption_uris(value: Any) -> list[str]:
    """Return the URIs of the caption files in what was given: a URI, a list, or what ``CaptionsOperator`` returned.

    :raises ArchiveError: something else
    """
    if isinstance(value, str) and value.strip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"captions is not JSON: {shown(value)}", advice="pass the task's output itself") from error
    return list(dict.fromkeys(_captions_in(value)))


def _captions_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):  # beside the captions, it tells of other things
        yield from (uri for uri in value.values() if isinstance(uri, str) and uri.endswith((".vtt", ".srt")))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _captions_in(item)
    elif isinstance(value, str):
        if value.strip().lower() not in _EMPTY:
            yield value
    elif value is not None:
        raise ArchiveError(f"captions must be s3:// URIs, not {shown(value)}")
