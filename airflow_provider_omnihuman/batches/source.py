"""Where the rows of a batch are: an object in S3, a page on the web, or the text itself."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.api.errors import InvalidRequestError, TransportError
from airflow_provider_omnihuman.api.urls import check_media_url, scrub, shown, without_query
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.batches.reading import MAX_FILE_BYTES

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["fetched", "is_text"]

_TIMEOUT_S = 30.0
_REFUSED = range(400, 500)
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


def is_text(source: str) -> bool:
    """Whether a source is the table itself: it has a line break, or begins as JSON does, which no name of a place does."""
    text = source.strip()
    return "\n" in text or text.startswith(("[", "{"))


def fetched(source: str, hook: S3Hook) -> tuple[bytes, str]:
    """Return the bytes of a table, and its name for messages.

    :param source: ``s3://`` or http(s) URL, or a key in the default bucket of the hook's connection
    :param hook: to S3
    :raises InvalidRequestError: there is no such file, or it is too large
    :raises TransportError: the web does not answer; a retry may mend it
    """
    if source.lower().startswith(("http://", "https://")):
        return _from_web(check_media_url(source, field="source")), without_query(source)
    place = _place(source, hook)
    return _from_s3(place, hook), place.uri


def _place(source: str, hook: S3Hook) -> S3Location:
    if "://" not in source and (bucket := hook.service_config.get("bucket_name")):
        source = f"s3://{bucket}/{source.lstrip('/')}"
    if "://" not in source:
        raise InvalidRequestError(
            f"source {shown(source)} names no bucket",
            advice="give a whole s3:// URL, or set bucket_name in the AWS connection's service_config",
        )
    return S3Location.from_uri(source, field="source")


def _from_s3(place: S3Location, hook: S3Hook) -> bytes:
    from botocore.exceptions import ClientError

    from airflow_provider_omnihuman.archive.objects import s3_code

    try:
        reply = hook.get_conn().get_object(Bucket=place.bucket, Key=place.key)
    except ClientError as error:
        if s3_code(error) in _MISSING:
            raise InvalidRequestError(
                f"there is no {place.uri}", advice="a file on a worker's disk must be put into S3"
            ) from error
        raise
    with closing(reply["Body"]) as body:
        return _limited(body.read(MAX_FILE_BYTES + 1), place.uri)


def _from_web(url: str) -> bytes:
    import httpx

    from airflow_provider_omnihuman.api.redaction import redact_http_log
    from airflow_provider_omnihuman.api.transport import tls_context

    redact_http_log()
    told = f"source {without_query(url)}"
    data = b""
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT_S, verify=tls_context()) as response:
            if response.status_code in _REFUSED:
                raise InvalidRequestError(f"{told} cannot be fetched: HTTP {response.status_code}")
            response.raise_for_status()
            for chunk in response.iter_bytes():
                data = _limited(data + chunk, told)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise TransportError(f"{told} cannot be fetched: {type(error).__name__} {scrub(str(error))[:200]}") from error
    return data


def _limited(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise InvalidRequestError(
            f"{name} is larger than {MAX_FILE_BYTES // 1024**2} MB",
            advice="cut it into several batches",
        )
    return data
