"""Where an operator will write: looked at before what is to be written is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_omnihuman.archive.errors import ArchiveError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["check_bucket"]


def check_bucket(hook: S3Hook, location: S3Location) -> None:
    """Refuse a bucket that is not there, or cannot be.

    A refusal to look is none to write, for which other permissions are needed; the upload will tell.

    :param hook: of the connection that will write
    :param location: of the object
    :raises ArchiveError: names the bucket
    """
    from botocore.exceptions import ClientError, ParamValidationError

    try:
        hook.get_conn().head_bucket(Bucket=location.bucket)
    except ParamValidationError as error:
        raise ArchiveError(f"S3 allows no bucket of the name {location.bucket!r}", advice="check s3_bucket and s3_key") from error
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchBucket"}:  # a HEAD has no body, and so no name for it
            raise ArchiveError(
                f"there is no bucket {location.bucket!r}", advice="create it, or check its name and the AWS connection's endpoint"
            ) from error
