"""Checks of S3: its connection, its bucket, and whether the service can fetch from there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from airflow_provider_omnihuman.api.urls import is_private_host
from airflow_provider_omnihuman.cli.findings import Finding, failed, ok, skipped, warning
from airflow_provider_omnihuman.operators.reach import private_address

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["Store", "check_aws", "check_bucket", "check_reach"]

_KEY = "omnihuman-doctor"
"""Presigned, and never fetched: it need not exist."""
_PUBLIC = "give the AWS connection a public endpoint_url: the service fetches portraits and audio from outside"

_AWS_ARGUMENTS = (
    "--conn-type aws --conn-login <access key> --conn-password <secret key> --conn-extra "
    """'{"region_name": "…", "service_config": {"s3": {"bucket_name": "…"}}}'"""
)


@dataclass
class Store:
    """One AWS connection, looked at once.

    :param aws_conn_id: its id
    :param given: the bucket to look at; None for the connection's own
    """

    aws_conn_id: str
    given: str | None

    @cached_property
    def is_known(self) -> bool:
        """Whether there is such a connection: the AWS hook goes on without one."""
        from airflow.providers.common.compat.sdk import AirflowNotFoundException
        from airflow.sdk import BaseHook

        try:
            BaseHook.get_connection(self.aws_conn_id)
        except AirflowNotFoundException:
            return False
        return True

    @cached_property
    def hook(self) -> S3Hook:
        """The hook."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        return S3Hook(aws_conn_id=self.aws_conn_id)

    @property
    def bucket(self) -> str | None:
        """The bucket, None where nobody names one."""
        return self.given or self.hook.service_config.get("bucket_name")

    @cached_property
    def has_keys(self) -> bool:
        """Whether anything signs."""
        return self.hook.get_session().get_credentials() is not None

    @cached_property
    def presigned(self) -> str:
        """The URL of an object, as the operators would presign it."""
        from airflow_provider_omnihuman.cli.inputs import media_inputs

        return media_inputs(self.aws_conn_id).url(f"s3://{self.bucket}/{_KEY}", field="bucket")


def check_aws(store: Store) -> Finding:
    """There is an AWS connection, and it has keys."""
    if not store.has_keys:
        if store.is_known:
            return failed(f"{store.aws_conn_id} has no keys", "put login (access key) and password (secret key) into it")
        mend = f"airflow connections add {store.aws_conn_id} {_AWS_ARGUMENTS}"
        return failed(f"{store.aws_conn_id} is not there, and the environment has no AWS keys", mend)
    if not store.is_known:
        return ok(f"no connection {store.aws_conn_id}: the keys of this machine's environment are used")
    if not store.bucket:
        mend = 'put {"service_config": {"s3": {"bucket_name": "…"}}} into its extra, or name buckets in each Dag'
        return warning(f"{store.aws_conn_id} names no default bucket", mend)
    return ok(store.aws_conn_id)


def check_bucket(store: Store) -> Finding:
    """The bucket is there; nothing is written."""
    from botocore.exceptions import BotoCoreError, ClientError

    if not store.has_keys:
        return skipped("no AWS keys")
    if not store.bucket:
        return skipped("no bucket is named: --bucket names one")
    try:
        store.hook.get_conn().head_bucket(Bucket=store.bucket)
    except ClientError as error:
        return _refused(store.bucket, error.response.get("Error", {}).get("Code", ""))
    except BotoCoreError as error:
        says = f"{store.bucket} cannot be reached: {type(error).__name__}"
        return failed(says, "check the network, and endpoint_url and region_name of the AWS connection")
    return ok(f"{store.bucket} answers (writing is not tried)")


def _refused(bucket: str, code: str) -> Finding:
    if code in {"404", "NoSuchBucket"}:
        return failed(f"there is no bucket {bucket}", "create it, or check its name and the connection's endpoint_url")
    if code in {"403", "AccessDenied"}:
        mend = "s3:ListBucket is needed to look at it; archives need s3:GetObject, s3:PutObject and more: docs/archive.md"
        return warning(f"{bucket} may not be looked at (HTTP 403)", mend)
    if code in {"301", "PermanentRedirect"}:
        return failed(f"{bucket} is in another region", "set region_name in the AWS connection's extra")
    return failed(f"{bucket}: S3 answers {code}", "check the AWS connection")


def check_reach(store: Store, *, endpoint: str | None) -> Finding:
    """A presigned URL leads to where the service can go.

    :param store: S3
    :param endpoint: of the service; one on this network reaches what this network reaches
    """
    if not store.has_keys or not store.bucket:
        return skipped("no AWS keys, or no bucket")
    parts = urlsplit(store.presigned)
    host = parts.hostname or ""
    if endpoint and is_private_host(endpoint):
        return ok(f"the service is on this network, and reaches {host} as this machine does")
    if is_private_host(store.presigned):
        return failed(f"presigned URLs lead to {host}, which only this network can reach", _PUBLIC)
    return _from_outside(parts)


def _from_outside(parts: SplitResult) -> Finding:
    """Return what the service meets that goes where a URL leads."""
    host = parts.hostname or ""
    try:
        private = private_address(host)
    except OSError as error:
        return failed(
            f"{host} cannot be looked up ({type(error).__name__})", "check bucket name and endpoint_url, and this machine's DNS"
        )
    if private:
        return warning(
            f"{host} is {private} from here: perhaps a private endpoint",
            f"{_PUBLIC}; from outside, its name may lead elsewhere",
        )
    if parts.scheme != "https":
        return warning(f"presigned URLs of {host} are plain http", "set an https:// endpoint_url in the AWS connection")
    if "X-Amz-Security-Token" in parts.query:
        mend = "a URL dies with them, and jobs may queue for longer: use keys that last, or sessions of 12 h"
        return warning(f"presigned URLs of {host} are signed with temporary keys", mend)
    return ok(f"presigned URLs lead to {host}, which is public")
