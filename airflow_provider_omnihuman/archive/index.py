"""The index: by its fingerprint, a video that was asked for before is found in the archive, and need not be paid for again."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.models import AigcMeta
from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.archive.errors import ArchiveError, refused_by_s3
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.manifest import manifest_json
from airflow_provider_omnihuman.archive.objects import put_object, read_small, s3_code
from airflow_provider_omnihuman.archive.reading import read_manifest

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["find_archived", "index_location", "write_index"]

log = logging.getLogger(__name__)

_DEFAULT_PREFIX = "omnihuman/index/"
_CHUNK_BYTES = 1024 * 1024
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden"}


def index_location(hook: S3Hook, *, index: str | None, fingerprint: str) -> S3Location | None:
    """Return where the index object of a fingerprint is, or would be; None where there is no bucket for it.

    :param hook: its connection's ``service_config.s3.bucket_name`` is the default bucket
    :param index: ``s3://bucket/prefix/``; None for ``omnihuman/index/`` in the default bucket
    :param fingerprint: of the request
    :raises ArchiveError: names the value
    """
    if index is None:
        bucket = hook.service_config.get("bucket_name")
        if not bucket:
            return None
        index = f"s3://{bucket}/{_DEFAULT_PREFIX}"
    folder = S3Location.from_uri(index, field="archive_index")
    prefix = folder.key if not folder.key or folder.key.endswith("/") else folder.key + "/"
    return S3Location.from_uri(f"s3://{folder.bucket}/{prefix}{fingerprint}.json", field="archive_index")


def find_archived(hook: S3Hook, location: S3Location, *, fingerprint: str, aigc_meta: AigcMeta | None) -> dict[str, Any] | None:
    """Return the manifest of an archived video that is the one asked for, its bytes verified; None where there is none.

    The log says why there is none. A store that does not answer is an error: to render again would cost money.

    :param hook: to S3
    :param location: of the index object
    :param fingerprint: of the request
    :param aigc_meta: the AIGC label that is asked for: a video with another one is another video
    :raises ArchiveError: S3 does not answer, or refuses to show a video that is there
    """
    try:
        manifest = _manifest_at(hook, location)
        _compare(manifest, fingerprint=fingerprint, aigc_meta=aigc_meta)
        _verify(hook, manifest["video"])
    except _NoReuseError as reason:
        log.log(reason.level, "No archived video is reused: %s", reason)
        return None
    log.info("An archived video is reused, its size and checksum verified: %s", manifest["video"]["uri"])
    return manifest


def write_index(hook: S3Hook, index: object, manifest: dict[str, Any]) -> None:
    """Let whoever asks for this video next find it. The video is safe by now, so nothing may fail here: what does is told.

    :param hook: to S3
    :param index: ``s3://`` URI of the index object
    :param manifest: of the archived video
    """
    try:
        place = S3Location.from_uri(index, field="archive_index")
        put_object(hook, place, manifest_json(manifest), content_type="application/json")
    except Exception as error:  # noqa: BLE001 - whatever S3 has against it
        reason = refused_by_s3(error) or scrub(str(error))
        log.warning("The video is archived, but will not be found for reuse: %s", reason)


class _NoReuseError(Exception):
    """There is no archived video to reuse; ``level`` is the one of the log."""

    def __init__(self, reason: str, *, level: int = logging.INFO) -> None:
        super().__init__(reason)
        self.level = level


def _manifest_at(hook: S3Hook, location: S3Location) -> dict[str, Any]:
    try:
        with _answered(location):
            data = read_small(hook, location)
    except ArchiveError as error:
        if error.code in _FORBIDDEN:
            # Without s3:ListBucket, S3 says so of what is not there too: of most requests, in an archive that just begins.
            told = f"{location.uri} may not be read ({error.code}), or is not there: grant s3:GetObject and s3:ListBucket"
            raise _NoReuseError(told, level=logging.WARNING) from error
        if error.code == "NoSuchKey":
            raise _NoReuseError(f"there is no {location.uri}") from error
        raise
    try:
        return read_manifest(data, name=location.uri)
    except ArchiveError as error:
        raise _NoReuseError(error.message, level=logging.WARNING) from error


def _compare(manifest: dict[str, Any], *, fingerprint: str, aigc_meta: AigcMeta | None) -> None:
    uri = manifest["video"]["uri"]
    if manifest.get("fingerprint") != fingerprint:
        raise _NoReuseError(f"{uri} was made for another request")
    if manifest["aigc_label"].get("requested") != (aigc_meta.to_dict() if aigc_meta else None):
        raise _NoReuseError(f"for {uri}, another AIGC label was asked for")


def _verify(hook: S3Hook, video: dict[str, Any]) -> None:
    """Read the archived video, and compare it with what its manifest says."""
    location = S3Location.from_uri(video["uri"], field="video.uri")
    digest = hashlib.sha256()
    try:
        with _answered(location):
            reply = hook.get_conn().get_object(Bucket=location.bucket, Key=location.key)
            with closing(reply["Body"]) as body:
                if reply["ContentLength"] != video["bytes"]:
                    told = f"{location.uri} has {reply['ContentLength']} bytes, and had {video['bytes']}"
                    raise _NoReuseError(told, level=logging.WARNING)
                for chunk in body.iter_chunks(_CHUNK_BYTES):
                    digest.update(chunk)
    except ArchiveError as error:
        if error.code in {"NoSuchKey", "NoSuchBucket"}:
            raise _NoReuseError(f"{location.uri} is no longer there") from error
        if error.code in _FORBIDDEN:
            error.advice = "let the connection read the archive, or render anew with reuse_archived=False"
        raise
    if digest.hexdigest() != video["sha256"]:
        raise _NoReuseError(f"{location.uri} holds other bytes than were archived", level=logging.WARNING)


@contextmanager
def _answered(location: S3Location) -> Iterator[None]:
    """Turn what goes wrong when S3 is read into errors of ours; what is no refusal, a retry may mend."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if refusal := refused_by_s3(error):
            raise refusal from error
        code = s3_code(error)
        retry = Retry.NEVER if code in {"NoSuchKey", *_FORBIDDEN} else Retry.ASK_AGAIN
        raise ArchiveError(
            f"{location.uri} cannot be read now: {type(error).__name__} {code}".rstrip(),
            code=code or None,
            retry=retry,
            advice="whether the archive has this video is unknown, and to render it again would be billed",
        ) from error
