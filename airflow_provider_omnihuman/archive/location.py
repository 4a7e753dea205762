"""Where an object goes in S3: bucket and key from what the user gave, the connection, or the task's own name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.archive.errors import ArchiveError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["S3Location", "locate"]

_SCHEME = "s3://"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]+")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
"""S3's rule for bucket names, and a little more, as other stores allow it."""
_MAX_KEY_BYTES = 1024
_VIDEO_SUFFIX = ".mp4"


@dataclass(frozen=True, slots=True)
class S3Location:
    """An object's place.

    :param bucket: its bucket
    :param key: its key
    """

    bucket: str
    key: str

    @classmethod
    def from_uri(cls, uri: object, *, field: str) -> S3Location:
        """Return the place that an ``s3://`` URI names.

        :param uri: the value given
        :param field: its name, for the message
        :raises ArchiveError: names field and value
        """
        scheme, _, rest = uri.partition("://") if isinstance(uri, str) else ("", "", "")
        bucket, _, key = rest.partition("/")
        if scheme.lower() != "s3" or not _BUCKET.fullmatch(bucket) or not _is_sound(key):
            raise ArchiveError(f"{field} must be an s3://bucket/key URI, not {shown(uri)}")
        return cls(bucket, key)

    @property
    def uri(self) -> str:
        """The ``s3://`` URI, as S3 tools write it."""
        return f"{_SCHEME}{self.bucket}/{self.key}"

    @property
    def asset_uri(self) -> str:
        """The ``s3://`` URI of an Airflow asset: ASCII, and without characters that would read as a query."""
        return f"{_SCHEME}{self.bucket}/{quote(self.key)}"

    def sibling(self, suffix: str) -> S3Location:
        """Return the place beside this one with another ending, such as ``.json``, in place of ``.mp4`` only.

        Any other dot belongs to the name: ``2026.01`` and ``2026.02`` must not share a manifest.
        """
        stem = self.key[: -len(_VIDEO_SUFFIX)] if self.key.lower().endswith(_VIDEO_SUFFIX) else self.key
        return S3Location(self.bucket, stem + suffix)


def locate(hook: S3Hook, *, bucket: str | None, key: str | None, context: Mapping[str, Any], filename: str) -> S3Location:
    """Return the place that the user means.

    :param hook: its connection's ``service_config.s3.bucket_name`` is the default bucket, as for Airflow's own S3 operators
    :param bucket: bucket name; None where ``key`` is a whole ``s3://`` URL, or for the connection's bucket
    :param key: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; None for one made of Dag, run and task
    :param context: the task's
    :param filename: appended to a prefix
    :raises ArchiveError: says what is missing or contradictory
    """
    if key and key.lower().startswith(_SCHEME):
        if bucket:
            raise ArchiveError(f"give either s3_bucket ({bucket!r}) or a whole s3:// URL as s3_key ({key!r}), not both")
        place, (bucket, _, key) = key, key[len(_SCHEME) :].partition("/")
        if not bucket:
            raise ArchiveError(f"{place!r} names no bucket: write s3://bucket/key, or a key alone for the default bucket")
    bucket = bucket or hook.service_config.get("bucket_name")
    if not bucket:
        raise ArchiveError(
            "no bucket: give s3_bucket, a whole s3:// URL as s3_key, or set a default in the AWS connection's extra: "
            '{"service_config": {"s3": {"bucket_name": "…"}}}'
        )
    key = key or _default_prefix(context)
    key = key + filename if key.endswith("/") else key
    if not _is_sound(key):
        size = len(key.encode(errors="surrogatepass"))
        raise ArchiveError(
            f"the S3 key has {size} bytes; S3 allows {_MAX_KEY_BYTES}, of printable characters: {ascii(key)[:80]}…"
        )
    return S3Location(bucket, key.lstrip("/"))


def _is_sound(key: str) -> bool:
    """Whether S3 and its tools can hold this key; an empty one names a bucket."""
    return len(key.encode(errors="surrogatepass")) <= _MAX_KEY_BYTES and key.isprintable()


def _default_prefix(context: Mapping[str, Any]) -> str:
    ti = context["ti"]
    parts = ["omnihuman", ti.dag_id, ti.run_id, ti.task_id]
    if ti.map_index is not None and ti.map_index >= 0:
        parts.append(str(ti.map_index))
    # Run ids hold ':' and '+', which many S3 tools and URLs do not take well.
    return "/".join(_UNSAFE.sub("_", part) for part in parts) + "/"
