"""What the tests of the archive operator share: a finished job, the operator, and a look into S3."""

from __future__ import annotations

import json
import logging
import time

import pytest

from airflow_provider_omnihuman.api.download import Patience
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from tests.conftest import BUCKET
from tests.media.media_files import make_video
from tests.task_context import task_context


@pytest.fixture
def rendered(submit, emulator):
    """A finished job: what its submit pushed."""

    def render(**arguments):
        context = task_context()
        submit(**arguments).execute(context)
        emulator.advance(3600)
        while emulator.state()["jobs"][-1]["status"] != "done":
            time.sleep(0.05)
        return context["ti"].xcoms

    return render


def archive(**arguments):
    operator = OmniHumanToS3Operator(task_id="archive", **arguments)
    operator.patience = Patience(pauses_s=(0.0, 0.0))
    return operator


def keys(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []) if not item["Key"].startswith("in/")]


def body(s3, uri):
    return s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["Body"].read()


def open_uploads(s3):
    return s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


LABEL = {"producer_id": "producer-1", "content_propagator": "propagator-1"}


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """A video with the label :data:`LABEL` in it."""
    tags = {"AIGC": json.dumps({"Label": "1", "ProduceID": "producer-1", "ContentPropagator": "propagator-1"})}
    path = make_video(tmp_path_factory.mktemp("film") / "film.mp4", tags=tags, movflags="use_metadata_tags")
    return path.read_bytes()


@pytest.fixture
def video_bytes(film, connections):
    """The film, for a task that has its connections."""
    return film


def warnings(caplog):
    """All warnings but the one that Airflow's masker gives once in each process, about short values of the AWS extra."""
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return [message for message in told if not message.startswith("Skipping masking for a secret")]
