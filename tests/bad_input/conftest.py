"""Runs a case as Airflow runs a task (template fields rendered, then executed), against the emulator and an S3 server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator

from airflow_provider_omnihuman.testing.connections import OmniHumanConnections
from airflow_provider_omnihuman.testing.object_store import LocalS3
from tests.bad_input.cases import SECRET, Refused
from tests.bad_input.files import FILES
from tests.conftest import BUCKET, EmulatorControl
from tests.task_context import task_context

COSTLY = {"CVSubmitTask", "CVProcess", "speech"}
"""The requests that start work; asking for a task is free."""


@pytest.fixture(scope="package")
def s3(s3_endpoint: str) -> Any:
    """As for the other tests, but once: no case writes anything."""
    import boto3
    from botocore.config import Config

    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/moto-api/reset", method="POST")).close()
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=BUCKET)
    for name, make in FILES.items():
        client.put_object(Bucket=BUCKET, Key=f"in/{name}", Body=make())
    return client


@pytest.fixture
def connections(omnihuman_connection: OmniHumanConnections, s3: Any, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the other tests, but the S3 server keeps what it holds."""
    LocalS3(s3_endpoint, BUCKET, s3, monkeypatch).connection("aws_default")


@pytest.fixture
def run(connections: None) -> Callable[[BaseOperator], Any]:
    """Run a task of a Dag: Airflow renders its template fields first."""

    def _run(operator: BaseOperator, **more: Any) -> Any:
        context = {"params": {}, **task_context(), **more}
        operator.render_template_fields(context)
        return operator.execute(context)

    return _run


@pytest.fixture
def refused(
    run: Callable[[BaseOperator], Any], emulator: EmulatorControl, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Refused], None]:
    """Run a case; it must end in one clear error, and nothing may have been sent that starts work."""

    def write_and_run(case: Refused) -> None:
        with DAG("bad_input", schedule=None):
            operator = case.make()
        assert not case.when_written, f"the Dag imports: {operator!r}"
        run(operator)

    def check(case: Refused) -> None:
        for name, document in case.connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(document))
        kept = objects(s3)
        with pytest.raises(case.error) as caught:
            write_and_run(case)
        message = str(caught.value)
        for part in case.told:
            assert part in message
        assert len(message.splitlines()) == 1
        assert len(message) < 600
        assert SECRET not in message
        assert "X-Amz" not in message
        state = emulator.state()
        assert state["accepted"] == 0
        assert not COSTLY & state["requests"].keys()
        assert objects(s3) == kept

    return check


def objects(s3: Any) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}
