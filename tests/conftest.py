"""What all tests share: an Airflow home of their own, the emulator, and an S3 server, each over real sockets."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A busy machine is no defect; in CI the same examples each time, so that red means something has changed.
hypothesis.settings.register_profile("ours", deadline=None, max_examples=60, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("ours")

PROJECT = Path(__file__).parent.parent

# Before the first import of Airflow, which reads its configuration then: nothing of the caller's may leak in.
for name in [name for name in os.environ if name.startswith(("AIRFLOW", "AWS_"))]:
    del os.environ[name]
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="omnihuman-tests-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT / "dags")

from airflow_provider_omnihuman.testing.connections import OmniHumanConnections  # noqa: E402
from airflow_provider_omnihuman.testing.emulator import EmulatorControl  # noqa: E402
from airflow_provider_omnihuman.testing.object_store import BUCKET, LocalS3  # noqa: E402

__all__ = ["BUCKET", "PROJECT", "EmulatorControl"]


@pytest.fixture
def emulator(omnihuman_emulator: EmulatorControl) -> EmulatorControl:
    """An emulator with no jobs, no faults and no counts; a hundred times as fast as the service (see pyproject.toml)."""
    return omnihuman_emulator


@pytest.fixture(scope="session")
def s3_endpoint(_omnihuman_s3_endpoint: str) -> str:
    return _omnihuman_s3_endpoint


@pytest.fixture
def s3(omnihuman_s3: LocalS3) -> Any:
    """A boto3 client of an S3 server with one empty bucket."""
    return omnihuman_s3.client


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
def connections(omnihuman_connection: OmniHumanConnections, omnihuman_s3: LocalS3) -> None:
    """Airflow connections to the emulator and the S3 server, as environment variables."""


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
