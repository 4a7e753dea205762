"""Where a script is: in the Dag itself, in a file beside it, in S3, or on the web."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown, without_query
from airflow_provider_omnihuman.archive.fetching import fetch
from airflow_provider_omnihuman.dialogue.document import MAX_BYTES, is_place, script_document

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["fetched", "script_of"]


def script_of(value: Any, *, hook: S3Hook, dag_file: str | None) -> Any:
    """Return a script as a list or a mapping, not looked into yet.

    :param value: one of these, its YAML or JSON, or the name of a file with these
    :param hook: to S3
    :param dag_file: which a name is relative to
    :raises InvalidRequestError: there is no such file, or it is no script
    """
    if not is_place(value):
        return script_document(value)
    is_url = "://" in value
    data = fetched(value, hook=hook, field="script", limit=MAX_BYTES) if is_url else _beside(dag_file, value)
    return script_document(data, source=f"the script {without_query(value)}")


def fetched(url: str, *, hook: S3Hook, field: str, limit: int) -> bytes:
    """Return the bytes of what a URL names.

    :param url: an ``s3://`` or http(s) one
    :param hook: to S3
    :param field: what to call it in messages
    :param limit: how many bytes it may have; of more, no more is fetched
    :raises InvalidRequestError: it is larger
    """
    file = _Limited(limit, told=f"{field} {without_query(url)}")
    fetch(url, file, hook=hook, field=field)
    return file.getvalue()


class _Limited(io.BytesIO):
    """A file in memory that is refused as soon as it is too large: whoever may name a URL may name one that never ends."""

    def __init__(self, limit: int, *, told: str) -> None:
        super().__init__()
        self._limit = limit
        self._told = told

    def write(self, chunk: Any) -> int:
        if self.tell() + len(chunk) > self._limit:
            raise InvalidRequestError(f"{self._told} is larger than {self._limit // 1024} KB")
        return super().write(chunk)


def _beside(dag_file: str | None, name: str) -> bytes:
    """Return a file of the Dag's folder: whoever may trigger a Dag may name one, and is to read no other file of the worker."""
    folder = Path(os.path.normpath(Path(dag_file or ".").parent.absolute()))  # not resolved: links in it are its author's
    path = Path(os.path.normpath(folder / name))
    if not path.is_relative_to(folder):
        raise InvalidRequestError(
            f"the script {shown(name)} is outside of the Dag's folder", advice="put it beside the Dag's file, or into S3"
        )
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidRequestError(
            f"the script {shown(name)} cannot be read: {error.strerror}", advice="name it relative to the Dag's file"
        ) from error
