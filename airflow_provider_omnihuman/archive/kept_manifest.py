"""The manifest of an archived video, as it is kept in S3: found, read, checked."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import read_small, s3_code
from airflow_provider_omnihuman.archive.reading import read_manifest

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["kept_manifest"]

log = logging.getLogger(__name__)


def kept_manifest(hook: S3Hook, video: S3Location, *, place: S3Location | None = None) -> dict[str, Any] | None:
    """Return the manifest of an archived video; None where there is none, or it is that of another one.

    What is there and is no manifest is told in the log.

    :param hook: to S3
    :param video: its place
    :param place: of the manifest, or of a copy of it; None: beside the video
    """
    place = place or video.sibling(".json")
    try:
        manifest = read_manifest(read_small(hook, place), name=place.uri)
    except ArchiveError as error:
        log.warning("%s, and is passed over", error)
        return None
    except hook.get_conn().exceptions.ClientError as error:
        if s3_code(error) != "NoSuchKey":
            raise
        return None
    return manifest if manifest["video"]["uri"] == video.uri else None
