"""An archived video that is asked for again: left where it is, or copied inside S3 to where it is wanted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.kept_manifest import kept_manifest
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.manifest import manifest_json, moved_manifest
from airflow_provider_omnihuman.archive.objects import copy_object, head, put_object, s3_code

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["archived_at", "copy_archive", "read_reused"]

log = logging.getLogger(__name__)

_RENDER = "clear the task that renders, too: it looks into the archive anew, and renders if need be"


def read_reused(hook: S3Hook, reused: Any, *, archive_index: Any) -> dict[str, Any]:
    """Return the manifest of the archived video that is to be reused, which is still there.

    :param hook: to S3
    :param reused: the request's fact of this name
    :param archive_index: the ``s3://`` URI of the index object, a copy of the manifest; None where there is none
    :raises ArchiveError: the video is gone, or there is no manifest of it
    """
    facts = reused if isinstance(reused, dict) else {}
    video = S3Location.from_uri(facts.get("uri"), field="request's reused.uri")
    for uri in (facts.get("manifest_uri"), archive_index):
        place = S3Location.from_uri(uri, field="request's reused.manifest_uri or archive_index") if uri else None
        manifest = kept_manifest(hook, video, place=place) if place else None
        if manifest:
            break
    else:
        raise ArchiveError(f"there is no manifest of {video.uri}, which was to be reused", advice=_RENDER)
    held = head(hook, video)
    if held is None or held["ContentLength"] != manifest["video"]["bytes"]:
        size = "is gone" if held is None else f"now has {held['ContentLength']} bytes, not {manifest['video']['bytes']}"
        raise ArchiveError(f"{video.uri}, which was to be reused, {size}", advice=_RENDER)
    return manifest


def archived_at(hook: S3Hook, location: S3Location, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Return the manifest at a place if this very video is there already, None otherwise.

    :param hook: to S3
    :param location: where it would be copied to
    :param manifest: of the video
    """
    video = manifest["video"]
    held = head(hook, location)
    if held is None or held["ContentLength"] != video["bytes"]:
        return None
    there = kept_manifest(hook, location)
    return there if there and there["video"]["sha256"] == video["sha256"] else None


def copy_archive(
    hook: S3Hook, manifest: dict[str, Any], location: S3Location, *, airflow: dict[str, Any], metadata: dict[str, str]
) -> dict[str, Any]:
    """Copy video and poster, write a manifest for the new place last; return it.

    :param hook: to S3, with the extra arguments for the new objects
    :param manifest: of the archive that is copied
    :param location: where the video goes
    :param airflow: which task copies it
    :param metadata: of the video object
    """
    source = S3Location.from_uri(manifest["video"]["uri"], field="video.uri")
    copy_object(hook, source, location, content_type="video/mp4", metadata=metadata)
    poster = _copy_poster(hook, manifest, location.sibling(".jpg"))
    moved = moved_manifest(manifest, location=location, poster=poster, airflow=airflow)
    put_object(hook, location.sibling(".json"), manifest_json(moved), content_type="application/json")
    log.info("Copied %s to %s inside S3", source.uri, location.uri)
    return moved


def _copy_poster(hook: S3Hook, manifest: dict[str, Any], target: S3Location) -> S3Location | None:
    if not manifest.get("poster"):
        return None
    source = S3Location.from_uri(manifest["poster"]["uri"], field="poster.uri")
    try:
        copy_object(hook, source, target, content_type="image/jpeg", metadata={})
    except hook.get_conn().exceptions.ClientError as error:
        if s3_code(error) != "NoSuchKey":
            raise
        log.warning("The poster %s is gone; the copy of the video has none", source.uri)
        return None
    return target
