"""Speech that was spoken before: the same text gives the same bytes, and so, by the fingerprint, the same video."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import copy_object, head, s3_code

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["keep_spoken", "spoken_before", "spoken_location"]

log = logging.getLogger(__name__)

_PREFIX = "omnihuman/index/speech/"
_SECONDS = "omnihuman-seconds"
_FORBIDDEN = {"403", "AccessDenied", "Forbidden"}


def spoken_location(place: S3Location, what: Mapping[str, Any], *, extension: str) -> S3Location:
    """Return where the speech is kept for whoever asks for the same next: in the same bucket, under what was asked for.

    :param place: where the speech goes
    :param what: text, engine, voice, settings: all that changes the sound
    :param extension: of the file
    """
    digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode(errors="replace")).hexdigest()
    return S3Location(place.bucket, f"{_PREFIX}{digest}.{extension}")


def spoken_before(hook: S3Hook, kept: S3Location, place: S3Location, *, content_type: str) -> tuple[float, int] | None:
    """Copy what was spoken before to where it is wanted; return its seconds and bytes, None where there is none.

    :param hook: to S3
    :param kept: of :func:`spoken_location`
    :param place: where it is wanted
    :param content_type: of the audio
    """
    from botocore.exceptions import ClientError

    try:
        found = head(hook, kept)
    except ClientError as error:
        if s3_code(error) in _FORBIDDEN:  # what S3 says of what is not there, to those who may not list the bucket
            return None
        raise
    try:
        seconds = float(found["Metadata"][_SECONDS]) if found else 0.0
    except (KeyError, ValueError):
        seconds = 0.0
    if not found or seconds <= 0:
        return None
    copy_object(hook, kept, place, content_type=content_type, metadata={_SECONDS: found["Metadata"][_SECONDS]})
    return seconds, int(found["ContentLength"])


def keep_spoken(hook: S3Hook, place: S3Location, kept: S3Location, *, seconds: float, content_type: str) -> None:
    """Keep a copy for whoever asks for the same next; the speech is there already, so what S3 has against it is only told.

    :param hook: to S3
    :param place: where the speech is
    :param kept: of :func:`spoken_location`
    :param seconds: how long it lasts
    :param content_type: of the audio
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        copy_object(hook, place, kept, content_type=content_type, metadata={_SECONDS: f"{seconds:.3f}"})
    except (BotoCoreError, ClientError) as error:
        log.warning(
            "%s cannot be kept as %s, and will be spoken anew next time: %s", place.uri, kept.uri, scrub(str(error))[:200]
        )
