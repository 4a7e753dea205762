"""Multipart uploads that a killed worker left behind: nobody sees their parts, and S3 bills for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["abort_orphaned_uploads"]

log = logging.getLogger(__name__)


def abort_orphaned_uploads(client: Any, location: S3Location, *, before: datetime) -> int:
    """Abort the uploads of exactly this key that began before then; return how many.

    What S3 refuses is told and no more: a clean-up must not keep a video from being archived.

    :param client: a boto3 S3 client
    :param location: the object that they would have become
    :param before: when the present try of the task began: what came later is somebody else's, at work now
    """
    from botocore.exceptions import ClientError

    aborted = 0
    try:
        for upload in _uploads_of(client, location):
            if upload["Initiated"] < before:
                _abort(client, location, upload["UploadId"])
                aborted += 1
    except ClientError as error:
        log.warning(
            "Unfinished uploads of %s could not be cleaned up (%s): let a lifecycle rule of the bucket abort them",
            location.uri,
            error.response.get("Error", {}).get("Code"),
        )
    if aborted:
        log.info("Aborted %d unfinished upload(s) of %s that an earlier try left", aborted, location.uri)
    return aborted


def _uploads_of(client: Any, location: S3Location) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=location.bucket, Prefix=location.key)
    for page in pages:
        yield from (upload for upload in page.get("Uploads", []) if upload["Key"] == location.key)


def _abort(client: Any, location: S3Location, upload_id: str) -> None:
    try:
        client.abort_multipart_upload(Bucket=location.bucket, Key=location.key, UploadId=upload_id)
    except client.exceptions.NoSuchUpload:
        log.debug("Upload %s is gone already", upload_id)
