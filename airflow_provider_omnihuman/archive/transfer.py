"""Streaming an HTTP reply into S3, in constant memory, without ever showing a broken object.

The parts go up as they arrive; beside them the bytes go to a temporary file, so that the video is verified *before* the
multipart upload is completed: what fails verification never becomes visible, and never replaces a good object.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import httpx

from airflow_provider_omnihuman.api.redaction import redact_http_log
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.archive.errors import ArchiveError, DownloadError
from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["Stored", "download_to_s3"]

T = TypeVar("T")

log = logging.getLogger(__name__)

PART_BYTES = 8 * 1024 * 1024
"""S3 wants 5 MiB at least for all parts but the last; this is boto3's own default."""
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


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
        self._etags: list[dict[str, Any]] = []
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        reply = self._client.create_multipart_upload(**self._where, **self._extra_args)
        self._upload = {**self._where, "UploadId": reply["UploadId"]}
        return self

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
        if not self._upload:
            return
        try:
            self._client.abort_multipart_upload(**self._upload)
        except Exception:
            # What broke the upload is what the user must see; S3's lifecycle rules can sweep up the parts.
            log.warning("The multipart upload of %(Bucket)s/%(Key)s could not be aborted", self._where, exc_info=True)


def download_to_s3(
    url: str, client: Any, location: S3Location, *, verify: Callable[[IO[bytes]], T], extra_args: dict[str, Any]
) -> tuple[Stored, T]:
    """Stream ``url`` into S3; return what was stored and what ``verify`` found.

    :param url: the video's, signed
    :param client: a boto3 S3 client
    :param location: where it goes
    :param verify: given the whole file, before the object becomes visible; raises to refuse it
    :param extra_args: ``ContentType`` and the like
    :raises DownloadError: the bytes did not arrive whole
    :raises ArchiveError: S3 holds another size than was sent
    """
    digest, size = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as copy, MultipartUpload(client, location, extra_args=extra_args) as upload:
        with _chunks(url) as chunks:
            for chunk in chunks:
                size += len(chunk)
                digest.update(chunk)
                copy.write(chunk)
                upload.write(chunk)
        copy.seek(0)
        verified = verify(copy)
        upload.complete()
    held = client.head_object(Bucket=location.bucket, Key=location.key)["ContentLength"]
    if held != size:
        client.delete_object(Bucket=location.bucket, Key=location.key)
        raise ArchiveError(f"{location.uri} holds {held} bytes after {size} were sent; the object was removed")
    return Stored(bytes=size, sha256=digest.hexdigest()), verified


@contextmanager
def _chunks(url: str) -> Iterator[Iterator[bytes]]:
    """Yield the body of ``url`` piece by piece; what is short, refused or broken off raises."""
    redact_http_log()
    shown = without_query(url)
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT) as response:
            if response.status_code in {403, 404, 410}:
                raise DownloadError(
                    f"the video URL {shown} is dead (HTTP {response.status_code})",
                    http_status=response.status_code,
                    advice="result URLs live for one hour: give omnihuman_task_id, so that a fresh one can be asked for",
                )
            response.raise_for_status()
            yield response.iter_bytes(1024 * 1024)
    except httpx.HTTPStatusError as error:
        raise DownloadError(f"the video URL {shown} answers HTTP {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise DownloadError(f"the download of {shown} broke off: {type(error).__name__}") from error
