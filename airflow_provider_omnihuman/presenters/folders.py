"""Where presenters lie: a folder of this machine, or one in S3; both are asked the same."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import s3_code
from airflow_provider_omnihuman.presenters.document import MAX_BYTES

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["Folder", "LocalFolder", "S3Folder"]

_MISSING = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
_FORBIDDEN = {"403", "AccessDenied", "Forbidden"}
_MOST_NAMES = 200


class Folder(Protocol):
    """Where a presenter's file and its portrait are."""

    @property
    def shown(self) -> str:
        """Its name in messages."""

    def path(self, filename: str) -> str:
        """Return the name of a file in it, for messages."""

    def read(self, filename: str) -> bytes | None:
        """Return a file, None where there is none; of a large one, one byte more than a presenter may have."""

    def filenames(self) -> list[str]:
        """Return the files that are there, as far as that can be told."""

    def portrait(self, relative: str) -> str | Path:
        """Return the place of a picture that is named relative to this folder.

        :raises InvalidRequestError: there can be none
        """


@dataclass(frozen=True)
class LocalFolder:
    """A folder that this worker sees, such as one in a Dag bundle.

    :param folder: its path
    """

    folder: Path

    @property
    def shown(self) -> str:
        """Its path."""
        return str(self.folder)

    def path(self, filename: str) -> str:
        """Return the path of a file."""
        return str(self.folder / filename)

    def read(self, filename: str) -> bytes | None:
        """Return the beginning of a file, None where there is none."""
        try:
            with (self.folder / filename).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):  # the latter of a Dag in a zip
            return None
        except OSError as error:
            raise InvalidRequestError(f"presenter {self.path(filename)} cannot be read: {error.strerror}") from error

    def filenames(self) -> list[str]:
        """Return the names of the files there."""
        try:
            return sorted(item.name for item in self.folder.iterdir())
        except OSError:
            return []

    def portrait(self, relative: str) -> Path:
        """Return the path of a picture."""
        if Path(relative).is_absolute() or relative.startswith("~"):
            raise InvalidRequestError("portrait must be relative to the presenter's file, or a URL, not a path of one machine")
        return (self.folder / relative).resolve()


@dataclass(frozen=True)
class S3Folder:
    """A prefix in S3.

    :param bucket: its bucket
    :param prefix: ending in ``/``, or empty
    :param aws_conn_id: the connection to S3
    """

    bucket: str
    prefix: str
    aws_conn_id: str | None

    @classmethod
    def of(cls, uri: str, *, aws_conn_id: str | None, field: str) -> S3Folder:
        """Return the folder of an ``s3://`` URI.

        :param uri: the value given
        :param aws_conn_id: the connection to S3
        :param field: its name, for the message
        :raises ArchiveError: names field and value
        """
        location = S3Location.from_uri(uri, field=field)
        prefix = location.key.strip("/")
        return cls(location.bucket, f"{prefix}/" if prefix else "", aws_conn_id)

    @property
    def shown(self) -> str:
        """Its URI."""
        return S3Location(self.bucket, self.prefix).uri

    def path(self, filename: str) -> str:
        """Return the URI of an object."""
        return self.shown + filename

    def read(self, filename: str) -> bytes | None:
        """Return the beginning of an object, None where there is none."""
        from contextlib import closing

        from botocore.exceptions import ClientError

        try:
            reply = self._client.get_object(Bucket=self.bucket, Key=self.prefix + filename)
        except ClientError as error:
            # Who may not list a bucket hears of what is not there that it is forbidden.
            if s3_code(error) in _MISSING | _FORBIDDEN:
                return None
            raise
        with closing(reply["Body"]) as body:
            data: bytes = body.read(MAX_BYTES + 1)
        return data

    def filenames(self) -> list[str]:
        """Return the names of the first objects there; none where the bucket may not be listed."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            listed = self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, Delimiter="/", MaxKeys=_MOST_NAMES)
        except (BotoCoreError, ClientError):
            return []
        return sorted(item["Key"].removeprefix(self.prefix) for item in listed.get("Contents", []))

    def portrait(self, relative: str) -> str:
        """Return the URI of a picture."""
        key = posixpath.normpath(posixpath.join(f"/{self.prefix}", relative)).lstrip("/")
        if relative.startswith("/") or not key or _depth(relative) > self.prefix.count("/"):
            raise InvalidRequestError(f"portrait {shown(relative)} lies outside of the bucket: name it relative to the file")
        return S3Location(self.bucket, key).uri

    @cached_property
    def _client(self) -> Any:
        return self._hook.get_conn()

    @cached_property
    def _hook(self) -> S3Hook:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        return S3Hook(aws_conn_id=self.aws_conn_id)


def _depth(relative: str) -> int:
    """Return how far up a path climbs at its highest point."""
    return max(_climbs(relative), default=0)


def _climbs(relative: str) -> Iterator[int]:
    up = 0
    for part in relative.split("/"):
        up += {"..": 1, ".": 0, "": 0}.get(part, -1)
        yield up
