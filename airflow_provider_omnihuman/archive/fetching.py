"""A media file from S3 or from behind a URL, in a file of the worker's."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from airflow_provider_omnihuman.api.download import PATIENCE, Download, Patience
from airflow_provider_omnihuman.api.urls import check_media_url
from airflow_provider_omnihuman.archive.local_copy import copy_to_file
from airflow_provider_omnihuman.archive.location import S3Location

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["fetch"]


class _Copy:
    """A file that may have to begin anew."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.write = file.write

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()


def fetch(url: str, file: IO[bytes], *, hook: S3Hook, field: str, patience: Patience = PATIENCE) -> None:
    """Write what a URL names into a file, in constant memory; a download that breaks off goes on where it stopped.

    :param url: an ``s3://`` or http(s) URL
    :param file: empty, and open for writing
    :param hook: to S3
    :param field: what to call the URL in messages
    :param patience: how long a download from the web is tried
    :raises ArchiveError: there is no such object
    :raises InvalidRequestError: it is no such URL
    :raises DownloadError: the bytes did not arrive whole
    """
    if not url.lower().startswith("s3://"):
        Download(check_media_url(url, field=field), _Copy(file), fresh_url=None, patience=patience).run()
    else:
        copy_to_file(hook, S3Location.from_uri(url, field=field), file, field=field)
