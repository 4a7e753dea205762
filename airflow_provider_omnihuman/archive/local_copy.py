"""An object of S3 brought to this machine, to be read as a file."""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import IO, TYPE_CHECKING

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import s3_code

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["copy_to_file"]

_CHUNK_BYTES = 1024 * 1024
_MISSING = {"NoSuchKey", "404", "NotFound"}


def copy_to_file(hook: S3Hook, place: S3Location, file: IO[bytes], *, field: str) -> str:
    """Write an object into a file, in constant memory; return the SHA-256 of its bytes, in hex.

    :param hook: to S3
    :param place: of the object
    :param file: where its bytes go, from where it stands
    :param field: what the object is to the user, for the message
    :raises ArchiveError: there is no such object
    """
    from botocore.exceptions import ClientError

    digest = hashlib.sha256()
    try:
        reply = hook.get_conn().get_object(Bucket=place.bucket, Key=place.key)
    except ClientError as error:
        if s3_code(error) in _MISSING:
            raise ArchiveError(
                f"{field} {place.uri} is not there", code="NoSuchKey", advice="was it moved or deleted?"
            ) from error
        raise
    with closing(reply["Body"]) as body:
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    file.flush()
    return digest.hexdigest()
