"""Streaming an HTTP reply into S3, in constant memory, without ever showing a broken object.

The parts go up as they arrive; beside them the bytes go to a temporary file, so that the video is verified *before* the
multipart upload is completed: what fails verification never becomes visible, and never replaces a good object.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from airflow_provider_omnihuman.archive.download import PATIENCE, Download, Patience
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["Stored", "download_to_s3"]

T = TypeVar("T")

log = logging.getLogger(__name__)

PART_BYTES = 8 * 1024 * 1024
"""S3 wants 5 MiB at least for all parts but the last; this is boto3's own default."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What arrived in S3.

    :param bytes: size of the object
    :param sha256: of its bytes, in hex
    """

    bytes: int
    sha256: str


class MultipartUpload:
    """One multipart upload: completed explicitly, aborted on any other way out.

    :param client: a boto3 S3 client
    :param location: where the object will be
    :param extra_args: ``ContentType``, ``ServerSideEncryption`` and the like, for ``create_multipart_upload``
    """

    def __init__(self, client: Any, location: S3Location, *, extra_args: dict[str, Any]) -> None:
        self._client = client
        self._where = {"Bucket": location.bucket, "Key": location.key}
        self._extra_args = extra_args
        self._upload: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._create()
        return self

    def restart(self) -> None:
        """Throw away what was written, and begin anew."""
        self._abort()
        self._create()

    def _create(self) -> None:
        self._etags: list[dict[str, Any]] = []
        self._buffer = bytearray()
        reply = self._client.create_multipart_upload(**self._where, **self._extra_args)
        self._upload = {**self._where, "UploadId": reply["UploadId"]}

    def write(self, chunk: bytes) -> None:
        """Add bytes; a part goes up whenever one is full."""
        self._buffer += chunk
        while len(self._buffer) >= PART_BYTES:
            part = bytes(self._buffer[:PART_BYTES])
            del self._buffer[:PART_BYTES]
            self._put(part)

    def complete(self) -> None:
        """Send the last part; from now on the object is there."""
        if self._buffer or not self._etags:
            self._put(bytes(self._buffer))
        self._client.complete_multipart_upload(**self._upload, MultipartUpload={"Parts": self._etags})
        self._upload = {}

    def _put(self, part: bytes) -> None:
        number = len(self._etags) + 1
        reply = self._client.upload_part(**self._upload, PartNumber=number, Body=part)
        self._etags.append({"PartNumber": number, "ETag": reply["ETag"]})

    def __exit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        if self._upload:
            self._abort()

    def _abort(self) -> None:
        try:
            self._client.abort_multipart_upload(**self._upload)
        except Exception:
            # What broke the upload is what the user must see; S3's lifecycle rules can sweep up the parts.
            log.warning("The multipart upload of %(Bucket)s/%(Key)s could not be aborted", self._where, exc_info=True)


class _Copies:
    """The file in its three forms, kept in step: checksum, temporary file, upload."""

    def __init__(self, copy: IO[bytes], upload: MultipartUpload) -> None:
        self._copy = copy
        self._upload = upload
        self.restart_counts()

    def restart_counts(self) -> None:
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self.digest.update(chunk)
        self._copy.write(chunk)
        self._upload.write(chunk)

    def restart(self) -> None:
        """Forget all bytes."""
        self.restart_counts()
        self._copy.seek(0)
        self._copy.truncate()
        self._upload.restart()


def download_to_s3(
    url: str,
    client: Any,
    location: S3Location,
    *,
    verify: Callable[[IO[bytes]], T],
    extra_args: dict[str, Any],
    fresh_url: Callable[[], str] | None = None,
    patience: Patience = PATIENCE,
) -> tuple[Stored, T]:
    """Stream ``url`` into S3; return what was stored and what ``verify`` found.

    A download that breaks off goes on where it stopped, and the upload with it.

    :param url: the video's, signed
    :param client: a boto3 S3 client
    :param location: where it goes
    :param verify: given the whole file, before the object becomes visible; raises to refuse it
    :param extra_args: ``ContentType`` and the like
    :param fresh_url: asks for another URL of the same file, when this one dies
    :param patience: how long the download is tried
    :raises DownloadError: the bytes did not arrive whole
    :raises ArchiveError: S3 holds another size than was sent
    """
    with tempfile.TemporaryFile() as copy, MultipartUpload(client, location, extra_args=extra_args) as upload:
        copies = _Copies(copy, upload)
        Download(url, copies, fresh_url=fresh_url, patience=patience).run()
        copy.seek(0)
        verified = verify(copy)
        upload.complete()
    held = client.head_object(Bucket=location.bucket, Key=location.key)["ContentLength"]
    if held != copies.size:
        client.delete_object(Bucket=location.bucket, Key=location.key)
        raise ArchiveError(f"{location.uri} holds {held} bytes after {copies.size} were sent; the object was removed")
    return Stored(bytes=copies.size, sha256=copies.digest.hexdigest()), verified
