"""Media inputs: ``s3://`` objects become URLs that the service can fetch, and are checked before anything is paid."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

import httpx

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import MAX_AUDIO_S, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from airflow_provider_omnihuman.api.redaction import redact_http_log
from airflow_provider_omnihuman.api.transport import tls_context
from airflow_provider_omnihuman.api.urls import check_media_url, scrub, shown, without_signature
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["MediaInputs"]

log = logging.getLogger(__name__)

_S3_SCHEME = "s3://"
_MAX_PRESIGN_S = 7 * 24 * 3600
"""Signature V4 allows no longer life to a presigned URL."""
_MAX_AUDIO_BYTES = 64 * 1024 * 1024
"""Room for a minute of any format in use; what is longer than that is no speech under 60 s."""
_SPOOL_BYTES = 4 * 1024 * 1024
_PATH = r"(?i)file:|[^:{]*$"
_MAPPING = r"\s*\{\s*['\"]"
_WHOLE_XCOM = (
    "it is the whole XCom of a task: give one value of it, such as TextToSpeechOperator's 'uri', "
    "{{ ti.xcom_pull(task_ids='speech')['uri'] }}"
)
_REFUSED = {400, 401, 403, 404, 410}
"""What a store says of an object that is not there or not readable; the service would hear the same."""


@dataclass(kw_only=True)
class MediaInputs:
    """The inputs of one request.

    :param aws_conn_id: signs the URLs of ``s3://`` inputs
    :param expires_in_s: how long those URLs live, seconds; the service fetches an input when the job's
        turn comes, so outlast the queue
    """

    aws_conn_id: str | None
    expires_in_s: float

    def __post_init__(self) -> None:
        if not 1 <= self.expires_in_s <= _MAX_PRESIGN_S:
            raise InvalidRequestError(
                f"presigned_url_expires_in must be between 1 second and 7 days (the limit of S3), not {self.expires_in_s} s"
            )

    def url(self, value: Any, *, field: str) -> str:
        """Return the URL for the service: an http(s) URL as it is, an ``s3://`` one presigned.

        :param value: as the user gave it
        :param field: the parameter's name, for messages
        :raises InvalidRequestError: neither
        """
        if not isinstance(value, str) or not value.lower().startswith(_S3_SCHEME):
            return _checked_url(value, field=field)
        bucket, key = _bucket_and_key(value)
        if not bucket or not key or key.endswith("/"):
            raise InvalidRequestError(f"{field} must name an object, s3://bucket/key, not {shown(value)}")
        # The URL goes to the service only: it is in no log, XCom or trigger, where the s3:// one stands for it.
        return check_media_url(self._presigned(bucket, key, field=field), field=field)

    def identity(self, value: str, *, field: str) -> str:
        """Return what stands for the input in a fingerprint: the same bytes are the same input, whatever they are called.

        For an ``s3://`` object its ETag (and size), for a URL the URL without what signs it.

        :param value: as the user gave it, checked by :meth:`url`
        :raises InvalidRequestError: the object is not there, or may not be read
        """
        if not value.lower().startswith(_S3_SCHEME):
            return without_signature(value)
        from botocore.exceptions import ClientError

        bucket, key = _bucket_and_key(value)
        try:
            head = self._signing_client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status not in _REFUSED:
                raise
            raise InvalidRequestError(
                f"{field} {shown(value)} cannot be read: HTTP {status} from S3; check that bucket and object exist, and that "
                f"the connection {self.aws_conn_id!r} may read them"
            ) from error
        return f"etag:{head['ETag']}:{head['ContentLength']}"

    def _presigned(self, bucket: str, key: str, *, field: str) -> str:
        from botocore.exceptions import BotoCoreError, NoCredentialsError

        try:
            url: str = self._signing_client.generate_presigned_url(
                "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=int(self.expires_in_s)
            )
        except (BotoCoreError, UnicodeError) as error:  # no credentials, a name that S3 does not allow
            raise InvalidRequestError(
                f"{field} {shown(f's3://{bucket}/{key}')} cannot be presigned by the connection {self.aws_conn_id!r}: "
                f"{scrub(' '.join(str(error).split()))[:200]}",
                # Where there is no such connection, the AWS hook goes on without one, and a warning is all it says.
                advice="check that it exists, and has keys" if isinstance(error, NoCredentialsError) else "",
            ) from error
        return url

    @cached_property
    def _signing_client(self) -> Any:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook
        from botocore.config import Config

        hook: S3Hook = S3Hook(aws_conn_id=self.aws_conn_id)
        # The older signature, a default in places, is refused by newer regions and by TOS.
        return hook.get_client_type(config=hook.config.merge(Config(signature_version="s3v4")))

    def check_audio(self, url: str, *, shown: str, field: str = "audio_url") -> float | None:
        """Return the length of the audio in seconds; None where this worker cannot read it.

        :param url: where to read it
        :param shown: how to name it in messages
        :raises InvalidRequestError: 60 s or longer, missing, or no audio
        """
        from airflow_provider_omnihuman.media.probe import probe_audio

        with _opened(url, shown=shown, field=field, limit=_MAX_AUDIO_BYTES) as file:
            if file is None:
                return None
            with _named(field, shown):
                seconds = probe_audio(file).duration_s
        if seconds >= MAX_AUDIO_S:
            # The service accepts the job, and fails it only at query time, with 50215 (reference page, audio_url).
            raise InvalidRequestError(
                f"{field} {shown} lasts {seconds:.2f} s; OmniHuman takes less than {MAX_AUDIO_S:.0f} s: split it into parts"
            )
        return seconds

    def check_image(self, url: str, *, shown: str, field: str = "image_url") -> None:
        """Check size and format of the portrait, where this worker can read it.

        :raises InvalidRequestError: 5 MB or larger, 4096 pixels or more on a side, neither JPG nor PNG, missing
        """
        from airflow_provider_omnihuman.media.probe import probe_image

        with _opened(url, shown=shown, field=field, limit=MAX_IMAGE_BYTES) as file:
            if file is None:
                return
            with _named(field, shown):
                facts = probe_image(file)
        if facts.format not in {"jpeg", "png"}:
            raise InvalidRequestError(f"{field} {shown} is {facts.format}; OmniHuman takes JPG or PNG: convert it")
        if max(facts.width, facts.height) >= MAX_IMAGE_PIXELS:
            raise InvalidRequestError(
                f"{field} {shown} has {facts.width}×{facts.height} pixels; each side must be below {MAX_IMAGE_PIXELS}: "
                "scale it down"
            )


def _checked_url(value: Any, *, field: str) -> str:
    """Return an http(s) URL; say what was probably meant by anything else."""
    if isinstance(value, str) and re.match(_MAPPING, value):  # which a template makes of an XCom
        raise InvalidRequestError(f"{field} must be an http(s) URL, not the text {shown(value)}", advice=_WHOLE_XCOM)
    try:
        return check_media_url(value, field=field)
    except InvalidRequestError as error:
        error.advice = error.advice or _meant(value)
        raise


def _meant(value: Any) -> str:
    if isinstance(value, Mapping):
        return _WHOLE_XCOM
    if value is None or (isinstance(value, str) and value in {"", "None"}):
        return "where it comes from another task, check the task id that it is pulled from, and the key"
    if isinstance(value, str) and re.match(_PATH, value):
        return "the service fetches it from outside, and sees no files of yours: put the file into S3, and give its s3:// URL"
    return ""


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri[len(_S3_SCHEME) :].partition("/")
    return bucket, key


@contextmanager
def _named(field: str, shown: str) -> Iterator[None]:
    try:
        yield
    except MediaError as error:
        raise InvalidRequestError(f"{field} {shown} {error.message}", advice=error.advice) from error


@contextmanager
def _opened(url: str, *, shown: str, field: str, limit: int) -> Iterator[IO[bytes] | None]:
    """Yield the object as a seekable file, or None where this worker cannot reach it though the service may."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as file:
        try:
            _download(url, file, shown=shown, field=field, limit=limit)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            log.warning("%s %s cannot be read from here (%s), and is not checked", field, shown, type(error).__name__)
            yield None
        else:
            file.seek(0)
            yield file


def _download(url: str, file: IO[bytes], *, shown: str, field: str, limit: int) -> None:
    redact_http_log()
    with httpx.stream("GET", url, follow_redirects=True, timeout=30.0, verify=tls_context()) as response:
        if response.status_code in _REFUSED:
            raise InvalidRequestError(
                f"{field} {shown} cannot be fetched: HTTP {response.status_code}; check that it exists, that the "
                "credentials may read it, and that the URL has not expired"
            )
        response.raise_for_status()
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size >= limit:
                raise InvalidRequestError(f"{field} {shown} is {limit / 1024**2:.0f} MB or larger: too large for OmniHuman")
            file.write(chunk)
