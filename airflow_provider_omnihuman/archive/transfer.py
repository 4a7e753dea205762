"""Streaming an HTTP reply into S3, in constant memory, without ever showing a broken object.

The parts go up as they arrive, several at once; beside them the bytes go to a temporary file, so that the video is verified
*before* the multipart upload is completed: what fails verification never becomes visible, and never replaces a good object.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from airflow_provider_omnihuman.api.download import PATIENCE, Download, Patience
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.multipart import IN_FLIGHT, PART_BYTES, MultipartUpload

__all__ = ["PART_BYTES", "Stored", "download_to_s3"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """What arrived in S3.

    :param bytes: size of the object
    :param sha256: of its bytes, in hex
    """

    bytes: int
    sha256: str


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
    in_flight: int = IN_FLIGHT,
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
    :param in_flight: how many parts of 5 MiB are sent at once; it takes their memory, and that of one more
    :raises DownloadError: the bytes did not arrive whole
    :raises ArchiveError: S3 holds another size than was sent
    """
    to_s3 = MultipartUpload(client, location, extra_args=extra_args, in_flight=in_flight)
    with tempfile.TemporaryFile() as copy, to_s3 as upload:
        copies = _Copies(copy, upload)
        Download(url, copies, fresh_url=fresh_url, patience=patience).run()
        upload.send_rest()  # it is on its way while the file is read
        copy.seek(0)
        verified = verify(copy)
        upload.complete()
    held = client.head_object(Bucket=location.bucket, Key=location.key)["ContentLength"]
    if held != copies.size:
        client.delete_object(Bucket=location.bucket, Key=location.key)
        raise ArchiveError(f"{location.uri} holds {held} bytes after {copies.size} were sent; the object was removed")
    return Stored(bytes=copies.size, sha256=copies.digest.hexdigest()), verified
