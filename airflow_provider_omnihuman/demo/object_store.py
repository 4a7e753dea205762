"""The local S3: a moto server with one bucket."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_omnihuman.demo.processes import Service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from airflow_provider_omnihuman.demo.credentials import Credentials

BUCKET = "omnihuman-demo"
REGION = "us-east-1"
CLIENT_SETTINGS: dict[str, Any] = {"signature_version": "s3v4", "s3": {"addressing_style": "path"}}
# botocore's own form: (name in a config file, environment variables, default, conversion).
NOTHING_OF_THE_CALLER = {
    "profile": (None, None, None, None),
    "config_file": (None, None, "/dev/null", None),
    "credentials_file": (None, None, "/dev/null", None),
}


class ObjectStore:
    """A moto server and how to reach it.

    :param service: its process.
    :param endpoint: its URL.
    :param credentials: the keys to use; moto accepts any.
    """

    def __init__(self, service: Service, endpoint: str, credentials: Credentials) -> None:
        self.service = service
        self.endpoint = endpoint
        self._credentials = credentials

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.endpoint}/moto-api/", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def client(self, service: str = "s3") -> Any:
        """A boto3 client for it.

        :param service: of AWS; moto has most of them.
        """
        import boto3
        from botocore.config import Config
        from botocore.session import Session

        return boto3.Session(botocore_session=Session(session_vars=NOTHING_OF_THE_CALLER)).client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self._credentials.s3_access_key,
            aws_secret_access_key=self._credentials.s3_secret_key,
            config=Config(**CLIENT_SETTINGS, proxies={}),
        )


def object_store(environment: Mapping[str, str], credentials: Credentials, *, port: int, logs: Path, run_id: str) -> ObjectStore:
    """Return the store, not started."""
    service = Service(
        "object-store",
        (sys.executable, "-m", "airflow_provider_omnihuman.demo.quiet_moto", "-H", "127.0.0.1", "-p", str(port)),
        environment=environment,
        log_path=logs / "object-store.log",
        run_id=run_id,
    )
    return ObjectStore(service, f"http://127.0.0.1:{port}", credentials)
