"""A picture beside a presenter's file is put into S3 once, under a name made of its bytes: equal bytes are one object."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from airflow_provider_omnihuman.archive.objects import put_object, seen
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.presenters.keeping import kept_at

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["uploaded"]

_PREFIX = "omnihuman/portraits/"
_ENDINGS = {"jpeg": "jpg", "png": "png"}


def uploaded(path: Path, *, hook: S3Hook, source: str = "") -> str:
    """Return the ``s3://`` URI of a picture, which is put there if it is not yet.

    :param path: of the picture
    :param hook: to S3; the bucket is the one in its connection's ``service_config``
    :param source: which presenter names it, for messages
    :raises InvalidRequestError: it is no picture that OmniHuman takes, or there is no bucket; names the file
    """
    told = f"presenter {source}: portrait {path}" if source else f"portrait {path}"
    data = _read(path, told=told)
    extension = _checked(data, told=told)
    # The same bytes under the same name: whatever a video is known by, it is known by the same tomorrow.
    key = f"{_PREFIX}{hashlib.sha256(data).hexdigest()}.{extension}"
    place = kept_at(hook, key, told=told)
    there = seen(hook, place)
    if there is None or there["ContentLength"] != len(data):
        put_object(hook, place, data, content_type=f"image/{'jpeg' if extension == 'jpg' else extension}")
    return place.uri


def _read(path: Path, *, told: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES)
    except OSError as error:
        advice = "name it relative to the presenter's file" if isinstance(error, FileNotFoundError) else ""
        raise InvalidRequestError(f"{told} cannot be read: {error.strerror}", advice=advice) from error
    if len(data) >= MAX_IMAGE_BYTES:
        raise InvalidRequestError(f"{told} is {MAX_IMAGE_BYTES / 1024**2:.0f} MB or larger: too large for OmniHuman")
    return data


def _checked(data: bytes, *, told: str) -> str:
    """Return the ending that the picture's name gets."""
    from airflow_provider_omnihuman.media.probe import probe_image

    try:
        facts = probe_image(io.BytesIO(data))
    except MediaError as error:
        raise InvalidRequestError(f"{told} {error.message}", advice=error.advice) from error
    if facts.format not in _ENDINGS:
        raise InvalidRequestError(f"{told} is {facts.format}; OmniHuman takes JPG or PNG: convert it")
    if max(facts.width, facts.height) >= MAX_IMAGE_PIXELS:
        raise InvalidRequestError(
            f"{told} has {facts.width}×{facts.height} pixels; each side must be below {MAX_IMAGE_PIXELS}: scale it down"
        )
    return _ENDINGS[facts.format]
