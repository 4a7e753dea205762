"""Where what belongs to presenters is kept: in the bucket that the AWS connection names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.archive.location import S3Location

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["kept_at"]


def kept_at(hook: S3Hook, key: str, *, told: str) -> S3Location:
    """Return the place of a key in the connection's own bucket.

    :param hook: to S3
    :param key: of the object
    :param told: what is to be kept, for the message
    :raises InvalidRequestError: the connection names no bucket
    """
    bucket = hook.service_config.get("bucket_name")
    if not bucket:
        raise InvalidRequestError(
            f"{told}: there is no bucket to keep it in",
            advice=f"set one in the extra of the connection {hook.aws_conn_id!r}: "
            '{"service_config": {"s3": {"bucket_name": "…"}}}',
        )
    return S3Location(bucket, key)
