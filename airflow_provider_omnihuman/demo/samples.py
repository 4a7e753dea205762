"""Puts what the examples start from into the bucket, as a person would: ``aws s3 cp --recursive dags/samples s3://…/samples``."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.demo.object_store import BUCKET

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PREFIX", "put_samples"]

PREFIX = "samples/"


def put_samples(s3: Any, dags: Path) -> list[str]:
    """Return the keys of what was put there.

    :param s3: a boto3 client for the store.
    :param dags: the folder with the Dags, whose folder ``samples`` it is; there need be none.
    """
    keys = []
    folder = dags / "samples"
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        key = PREFIX + path.relative_to(folder).as_posix()
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes(), ContentType=content_type)
        keys.append(key)
    return keys
