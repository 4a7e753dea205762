"""Small objects in S3: written, copied, measured, read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.location import S3Location

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = [
    "LARGEST_COPY_BYTES",
    "copy_object",
    "head",
    "put_object",
    "put_unless_same",
    "read_small",
    "s3_code",
    "seen",
    "with_metadata",
]

_MAX_SMALL_BYTES = 1024 * 1024
"""A manifest has a few kilobytes; no more than this is read."""
_MISSING = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
"""HEAD has no body, and so no code but the status."""
_FORBIDDEN = {"403", "AccessDenied", "Forbidden"}
LARGEST_COPY_BYTES = 5 * 1024**3
"""What S3 copies by one request (its API reference, "CopyObject"); more goes by parts, inside S3 as well."""
_SHA256 = "omnihuman-sha256"
"""Name of an object's metadata entry."""


def s3_code(error: Exception) -> str:
    """Return S3's code for an error, such as ``AccessDenied``; empty where the error is none of S3's.

    :param error: any exception; botocore's is known by its ``response``
    """
    response = getattr(error, "response", None)
    details = response.get("Error", {}) if isinstance(response, dict) else {}
    return str(details.get("Code", ""))


def head(hook: S3Hook, location: S3Location) -> dict[str, Any] | None:
    """Return what S3 says of an object, None where there is none."""
    from botocore.exceptions import ClientError

    try:
        reply: dict[str, Any] = hook.get_conn().head_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        if s3_code(error) in _MISSING:
            return None
        raise
    return reply


def seen(hook: S3Hook, location: S3Location) -> dict[str, Any] | None:
    """Return the same; None, too, where S3 does not tell: who may not list the bucket is forbidden what is not there."""
    from botocore.exceptions import ClientError

    try:
        return head(hook, location)
    except ClientError as error:
        if s3_code(error) in _FORBIDDEN:
            return None
        raise


def put_object(hook: S3Hook, location: S3Location, body: bytes, *, content_type: str) -> None:
    """Write an object whole, with the hook's extra arguments."""
    hook.get_conn().put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType=content_type, **hook.extra_args)


def put_unless_same(hook: S3Hook, location: S3Location, body: bytes, *, content_type: str) -> bool:
    """Write an object whole, unless it holds these bytes already; return whether it was written.

    What is not written keeps its ETag, even where S3 encrypts each copy in another way: and so a render that was made from it
    is found again, and not paid for twice.
    """
    mark = {_SHA256: hashlib.sha256(body).hexdigest()}
    found = seen(hook, location)
    if found and found["ContentLength"] == len(body) and found["Metadata"].get(_SHA256) == mark[_SHA256]:
        return False
    extra = {"ContentType": content_type, **with_metadata(hook.extra_args, mark)}
    hook.get_conn().put_object(Bucket=location.bucket, Key=location.key, Body=body, **extra)
    return True


def read_small(hook: S3Hook, location: S3Location) -> bytes:
    """Return the bytes of a small object; of a large one, which is not what it should be, only the first."""
    reply = hook.get_conn().get_object(Bucket=location.bucket, Key=location.key)
    with closing(reply["Body"]) as body:  # not the body itself, whose block gives the bare connection
        data: bytes = body.read(_MAX_SMALL_BYTES)
    return data


def with_metadata(extra_args: dict[str, Any], metadata: dict[str, str]) -> dict[str, Any]:
    """Return arguments for a new object with this metadata added to what the user wants there."""
    return {**extra_args, "Metadata": {**extra_args.get("Metadata", {}), **metadata}} if metadata else extra_args


def copy_object(
    hook: S3Hook,
    source: S3Location,
    target: S3Location,
    *,
    content_type: str,
    metadata: dict[str, str],
    headers: Mapping[str, str] | None = None,
    by_parts: bool = False,
) -> None:
    """Copy inside S3, with the hook's extra arguments for the new object: no byte passes through the worker.

    :param hook: to S3
    :param source: the object
    :param target: where its copy goes
    :param content_type: of the copy
    :param metadata: of the copy, whose source's is not taken over
    :param headers: more that the copy is made or served with, by S3's names, such as ``CacheControl``
    :param by_parts: for what is larger than ``LARGEST_COPY_BYTES``
    """
    extra = {"ContentType": content_type, **with_metadata(hook.extra_args, metadata), **(headers or {})}
    if "Tagging" in extra:
        extra["TaggingDirective"] = "REPLACE"
    extra["MetadataDirective"] = "REPLACE"
    place = {"Bucket": target.bucket, "Key": target.key, "CopySource": {"Bucket": source.bucket, "Key": source.key}}
    if by_parts:
        hook.get_conn().copy(**place, ExtraArgs=extra)
    else:
        hook.get_conn().copy_object(**place, **extra)
