"""An object store for the tests of the demo."""

from __future__ import annotations

import os
import time
import uuid

import pytest

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.credentials import Credentials
from airflow_provider_omnihuman.demo.environment import children_environment
from airflow_provider_omnihuman.demo.object_store import BUCKET, object_store
from airflow_provider_omnihuman.demo.ports import free_ports


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A running moto server with the demo's bucket."""
    run_id = uuid.uuid4().hex
    store = object_store(
        children_environment(os.environ),
        Credentials(),
        port=free_ports(1)[0],
        logs=tmp_path_factory.mktemp("store"),
        run_id=run_id,
    )
    store.service.start()
    while not store.is_ready():
        assert store.service.is_running, store.service.log_tail()
        time.sleep(0.1)
    store.client().create_bucket(Bucket=BUCKET)
    yield store
    store.service.kill()
    assert marks.marked_processes(run_id) == []


@pytest.fixture
def s3(store):
    """A client of the store."""
    return store.client()
