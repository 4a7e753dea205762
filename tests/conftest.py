"""What all tests share: an Airflow home of their own, the emulator, and an S3 server, each over real sockets."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent

# Before the first import of Airflow, which reads its configuration then: nothing of the caller's may leak in.
for name in [name for name in os.environ if name.startswith(("AIRFLOW", "AWS_"))]:
    del os.environ[name]
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="omnihuman-tests-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT / "dags")

from airflow_provider_omnihuman.emulator.server import Emulator  # noqa: E402
from airflow_provider_omnihuman.emulator.settings import LOCAL_SPEECH_API_KEY, Settings  # noqa: E402

BUCKET = "omnihuman-tests"


@dataclass(frozen=True)
class EmulatorControl:
    """The emulator of a test: its address, its clock, and its admin API."""

    emulator: Emulator

    @property
    def endpoint(self) -> str:
        return self.emulator.endpoint

    @property
    def settings(self) -> Settings:
        return self.emulator.settings

    def admin(self, method: str, path: str, document: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self.emulator.admin_url + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def state(self) -> dict[str, Any]:
        return self.admin("GET", "/state")

    def accepted(self) -> int:
        """How many jobs were accepted, and so would be paid for."""
        return int(self.state()["accepted"])

    def fault(self, **document: Any) -> None:
        self.admin("POST", "/faults", document)

    def advance(self, seconds: float) -> None:
        self.admin("POST", "/clock", {"advance_s": seconds})


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    with Emulator(Settings(speed=100, concurrency=0, qps=0)) as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: Emulator) -> EmulatorControl:
    """An emulator with no jobs, no faults and no counts; a hundred times as fast as the service."""
    control = EmulatorControl(_emulator)
    control.admin("POST", "/reset", {})
    return control


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would log each request of the server in this process
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str) -> Any:
    """A boto3 client of an S3 server with one empty bucket."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/moto-api/reset", method="POST")).close()
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def put(s3: Any) -> Callable[[str, bytes], str]:
    """Put an object; return its ``s3://`` URI."""

    def _put(key: str, body: bytes) -> str:
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    return _put


@pytest.fixture
def presigned(s3: Any, put: Callable[[str, bytes], str]) -> Callable[[str, bytes], str]:
    """Put an object; return a presigned URL of it."""

    def _presigned(key: str, body: bytes) -> str:
        put(key, body)
        return s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})

    return _presigned


@pytest.fixture(scope="session")
def portrait_png() -> bytes:
    return (PROJECT / "dags" / "portraits" / "presenter.png").read_bytes()


@pytest.fixture(scope="session")
def speech_wav() -> Callable[[float], bytes]:
    """A tone of that many seconds, as WAV."""
    import io
    import wave

    import numpy as np

    def make(seconds: float, *, rate: int = 16000) -> bytes:
        time_s = np.arange(int(seconds * rate)) / rate
        samples = 8000 * np.sin(2 * np.pi * 220 * time_s) * np.abs(np.sin(2 * np.pi * 2 * time_s))
        file = io.BytesIO()
        with wave.open(file, "wb") as audio:
            audio.setnchannels(1)
            audio.setsampwidth(2)
            audio.setframerate(rate)
            audio.writeframes(samples.astype("<i2").tobytes())
        return file.getvalue()

    return make


@pytest.fixture
def connections(emulator: EmulatorControl, s3: Any, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow connections to the emulator and the S3 server, as environment variables."""
    documents = {
        "OMNIHUMAN_DEFAULT": {
            "conn_type": "omnihuman",
            "login": emulator.settings.access_key,
            "password": emulator.settings.secret_key,
            "extra": {"endpoint": emulator.endpoint},
        },
        "DOUBAO_SPEECH_DEFAULT": {
            "conn_type": "doubao_speech",
            "password": LOCAL_SPEECH_API_KEY,
            "extra": {"endpoint": emulator.endpoint},
        },
        "AWS_DEFAULT": {
            "conn_type": "aws",
            "login": "test",
            "password": "test",
            "extra": {
                "endpoint_url": s3_endpoint,
                "region_name": "us-east-1",
                "config_kwargs": {"s3": {"addressing_style": "path"}},
                "service_config": {"s3": {"bucket_name": BUCKET}},
            },
        },
    }
    for name, document in documents.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(document))


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return all that was logged since the last call: Airflow 3.1 logs by logging, 3.3 by structlog to stdout."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="httpx")  # which writes each whole URL at INFO, if nothing stops it
    caplog.set_level(logging.DEBUG, logger="httpcore")  # and the headers of each reply at DEBUG

    def read() -> str:
        text = caplog.text + "".join(capfd.readouterr())
        caplog.clear()
        return text

    return read
