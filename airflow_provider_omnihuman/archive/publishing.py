"""Copies of archived objects for a website to serve: under a name for good or for now, with the headers that caches obey."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import LARGEST_COPY_BYTES, copy_object, head

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["FOR_A_MINUTE", "FOR_GOOD", "Publication", "check_unchanged", "planned", "publish", "sha256_of"]

log = logging.getLogger(__name__)

FOR_GOOD = "public, max-age=31536000, immutable"
"""Of what never changes, since its name is made of its content (RFC 8246)."""
FOR_A_MINUTE = "public, max-age=60"
"""Of what may be another one tomorrow under the same name."""
_SOURCE = "omnihuman-source"
"""Name of the copy's metadata entry that tells which bytes it was copied from: the ETag of the source."""
_WANTED = "omnihuman-wanted"
"""Of the entry that tells with which arguments of the user's own."""
_MARK_CHARACTERS = 16
_CHUNK_BYTES = 1024 * 1024
_CAPTIONS = {"vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Publication:
    """One object, and where and how it is published.

    :param source: in the archive
    :param target: where it is served from
    :param content_type: of the copy
    :param cache_control: of the copy
    :param bytes: the size that it had when it was archived; None where nobody has told
    """

    source: S3Location
    target: S3Location
    content_type: str
    cache_control: str
    bytes: int | None = None


def publish(hook: S3Hook, publication: Publication, *, replace: bool) -> bool:
    """Copy one object inside S3 and look whether it arrived; return whether there was anything to copy.

    What an earlier try has copied is known by its metadata, and left alone.

    :param hook: to S3, with the extra arguments for the copy
    :param publication: what, whereto and how
    :param replace: write over something else that has the name already
    :raises ArchiveError: the source is gone, the name is taken, or the copy is not whole
    """
    source, target = publication.source, publication.target
    if source == target:
        raise ArchiveError(f"{source.uri} is to be published where it is archived", advice="choose another prefix or name")
    there = check_unchanged(hook, publication)
    mark = {_SOURCE: str(there["ETag"]).strip('"'), **_as_wanted(hook.extra_args)}
    held = head(hook, target)
    if held and _is_it(held, publication, mark):
        log.info("%s is published already as %s", source.uri, target.uri)
        return False
    if held and not replace:
        raise ArchiveError(f"{target.uri} exists already, and replace is False")
    copy_object(
        hook,
        source,
        target,
        content_type=publication.content_type,
        metadata=mark,
        # The ETag is of what was just looked at: what is written over it meanwhile is not published under its name.
        headers={"CacheControl": publication.cache_control, "CopySourceIfMatch": there["ETag"]},
        by_parts=there["ContentLength"] > LARGEST_COPY_BYTES,
    )
    _check(head(hook, target), publication, size=there["ContentLength"])
    log.info("Published %s as %s (%s)", source.uri, target.uri, publication.cache_control)
    return True


def _there(hook: S3Hook, source: S3Location) -> dict[str, Any]:
    there = head(hook, source)
    if there is None:
        raise ArchiveError(f"{source.uri}, which is to be published, is not there", advice="was it moved or deleted?")
    return there


def check_unchanged(hook: S3Hook, publication: Publication) -> dict[str, Any]:
    """Return what S3 says of the source, unless it was written over since: then it is not what somebody has looked at.

    :param hook: to S3
    :param publication: tells the size that it had
    :raises ArchiveError: the source is gone, or has another size
    """
    there = _there(hook, publication.source)
    if publication.bytes is not None and there["ContentLength"] != publication.bytes:
        raise ArchiveError(
            f"{publication.source.uri} has {there['ContentLength']} bytes, and had {publication.bytes} when it was archived",
            advice="another video was written over it: nothing was published. Clear the task that archives it, and what follows",
        )
    return there


def _is_it(held: dict[str, Any], publication: Publication, mark: dict[str, str]) -> bool:
    """Whether what is there is this very copy, served in this very way."""
    as_served = held.get("ContentType"), held.get("CacheControl")
    wanted = publication.content_type, publication.cache_control
    marked = {name: held["Metadata"][name] for name in (_SOURCE, _WANTED) if name in held["Metadata"]}
    return marked == mark and as_served == wanted


def _as_wanted(extra_args: dict[str, Any]) -> dict[str, str]:
    """Return what tells a copy that was made with other arguments: an ACL, say, which nothing else shows."""
    told = json.dumps(extra_args, sort_keys=True, default=str)
    return {_WANTED: hashlib.sha256(told.encode()).hexdigest()[:_MARK_CHARACTERS]} if extra_args else {}


def _check(held: dict[str, Any] | None, publication: Publication, *, size: int) -> None:
    uri = publication.target.uri
    if held is None or held["ContentLength"] != size:
        found = "nothing" if held is None else f"{held['ContentLength']} bytes"
        raise ArchiveError(f"{uri} was copied, and there is {found} where {size} bytes should be")
    if held.get("CacheControl") != publication.cache_control:
        log.warning("The store has not kept the Cache-Control of %s: it says %r", uri, held.get("CacheControl"))


def planned(
    video: S3Location,
    target: S3Location,
    *,
    poster: S3Location | None,
    captions: Iterable[S3Location],
    cache_control: str,
    size: int | None = None,
) -> list[Publication]:
    """Return what to publish, in this order: where the video is, the rest is, too.

    :param video: in the archive
    :param target: where it is to be served from
    :param poster: in the archive; None where there is none
    :param captions: in the archive
    :param cache_control: of video and poster; captions may be corrected while the video stays
    :param size: of the video when it was archived, bytes; None where nobody has told
    :raises ArchiveError: a file that is no captions
    """
    works = [_caption(caption, video=video, target=target) for caption in captions]
    if poster:
        works.append(Publication(poster, target.sibling(".jpg"), "image/jpeg", cache_control))
    return [*works, Publication(video, target, "video/mp4", cache_control, bytes=size)]


def _caption(caption: S3Location, *, video: S3Location, target: S3Location) -> Publication:
    """``talk.zh.vtt`` beside ``talk.mp4`` becomes ``<name>.zh.vtt``; a file of another name gives its ending only."""
    stem, own = (place.key.rpartition("/")[2] for place in (video.sibling(""), caption))
    ending = own.rpartition(".")[2]
    if ending not in _CAPTIONS:
        raise ArchiveError(f"{caption.uri} is no captions file: {' or '.join(_CAPTIONS)} is expected")
    rest = own[len(stem) :] if own.startswith(f"{stem}.") else f".{ending}"
    return Publication(caption, target.sibling(rest), _CAPTIONS[ending], FOR_A_MINUTE)


def sha256_of(hook: S3Hook, location: S3Location) -> str:
    """Return the checksum of an object that nobody has measured yet; constant memory."""
    from contextlib import closing

    _there(hook, location)
    digest = hashlib.sha256()
    with closing(hook.get_conn().get_object(Bucket=location.bucket, Key=location.key)["Body"]) as body:
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
