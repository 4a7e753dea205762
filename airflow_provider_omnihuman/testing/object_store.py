"""An S3 on this machine, with one bucket: a moto server in a thread."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from airflow_provider_omnihuman.testing.connections import set_connection

__all__ = ["BUCKET", "LocalS3", "local_s3", "s3_server"]

BUCKET = "omnihuman-tests"
_REGION = "us-east-1"
_KEYS = {"login": "test", "password": "test"}  # moto takes any


@dataclass(frozen=True)
class LocalS3:
    """An S3 with one bucket.

    :param endpoint: its URL
    :param bucket: the bucket, empty when the test begins
    :param client: a boto3 client for it
    """

    endpoint: str
    bucket: str
    client: Any
    monkeypatch: pytest.MonkeyPatch

    @property
    def uri(self) -> str:
        """The bucket as ``s3://bucket``."""
        return f"s3://{self.bucket}"

    def put(self, key: str, body: bytes) -> str:
        """Put an object into the bucket; return its ``s3://`` URI."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"{self.uri}/{key}"

    def get(self, uri: str) -> bytes:
        """Return the bytes of an object, by its ``s3://`` URI or its key in the bucket."""
        bucket, _, key = uri.removeprefix("s3://").partition("/") if uri.startswith("s3://") else (self.bucket, "", uri)
        body: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys in the bucket that begin with ``prefix``, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def connection(self, conn_id: str) -> str:
        """Make an Airflow connection of type ``aws`` to it, with the bucket in its ``service_config``; return its id."""
        extra = {
            "endpoint_url": self.endpoint,
            "region_name": _REGION,
            "config_kwargs": {"s3": {"addressing_style": "path"}},
            "service_config": {"s3": {"bucket_name": self.bucket}},
        }
        set_connection(self.monkeypatch, conn_id, {"conn_type": "aws", **_KEYS, "extra": extra})
        return conn_id


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server in a thread; yield its URL."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would log each request of the server in this process
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def local_s3(endpoint: str, *, bucket: str, monkeypatch: pytest.MonkeyPatch) -> LocalS3:
    """Empty the server, and return it with a new bucket."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:  # nothing of the caller's: profiles, roles, endpoints
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    build_opener(ProxyHandler({})).open(Request(f"{endpoint}/moto-api/reset", method="POST")).close()  # noqa: S310 - our own server
    client = _client(endpoint)
    client.create_bucket(Bucket=bucket)
    return LocalS3(endpoint, bucket, client, monkeypatch)


def _client(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=_REGION,
        aws_access_key_id=_KEYS["login"],
        aws_secret_access_key=_KEYS["password"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, proxies={}),
    )
