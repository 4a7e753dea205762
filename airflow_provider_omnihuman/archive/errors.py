"""What can go wrong while a video is archived; part of the tree in ``api.errors``."""

from __future__ import annotations

from airflow_provider_omnihuman.api.errors import OmniHumanError

__all__ = [
    "ArchiveError",
    "LabelMismatchError",
    "refused_by_s3",
]

_PERMANENT = {
    "AccessDenied": "grant the connection's credentials access to the bucket",
    "AllAccessDisabled": "the bucket's owner must enable access to it",
    "InvalidAccessKeyId": "check login (access key) of the AWS connection",
    "InvalidBucketName": "check the bucket's name",
    "NoSuchBucket": "create the bucket, or check its name and the connection's endpoint",
    "SignatureDoesNotMatch": "check password (secret key) of the AWS connection",
}
"""S3's refusals that no retry mends, and what to do (S3 API reference, "Error responses")."""


class ArchiveError(OmniHumanError):
    """The video cannot be archived as asked: wrong place, or a file that is not the video that was ordered."""


def refused_by_s3(error: Exception) -> ArchiveError | None:
    """Return the error for a refusal of S3 that no retry mends, None for anything else.

    :param error: any exception; botocore's is known by its ``response``, so that botocore need not be imported for it
    """
    response = getattr(error, "response", None)
    details = response.get("Error", {}) if isinstance(response, dict) else {}
    code = details.get("Code")
    if code not in _PERMANENT:
        return None
    where = " ".join(str(details[name]) for name in ("BucketName", "Bucket") if details.get(name))
    return ArchiveError(f"S3 refuses: {details.get('Message') or code} {where}".rstrip(), code=code, advice=_PERMANENT[code])


class LabelMismatchError(ArchiveError):
    """The video is archived, and its AIGC label is not the one that was asked for and required."""
