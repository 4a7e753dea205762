"""The PostgreSQL cluster of a run."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from pathlib import Path

import psycopg2
import pytest

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.environment import children_environment
from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.ports import free_ports
from airflow_provider_omnihuman.demo.postgres import Postgres, missing_programs
from airflow_provider_omnihuman.demo.processes import stop_all

needs_postgres = pytest.mark.skipif(bool(missing_programs()), reason=f"not on the PATH: {', '.join(missing_programs())}")


def folders():
    return set(Path(tempfile.gettempdir()).glob("omnihuman-postgres-*"))


def ask(cluster, query):
    connection = psycopg2.connect(cluster.url.replace("+psycopg2", ""))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


@needs_postgres
def test_a_cluster_listens_on_loopback_survives_a_kill_and_leaves_nothing(tmp_path):
    before = folders()
    run_id = uuid.uuid4().hex
    cluster = Postgres(children_environment(os.environ), port=free_ports(1)[0], logs=tmp_path, run_id=run_id)
    cluster.create()
    assert not cluster.is_ready()
    for _ in range(2):
        cluster.service.start()
        while not cluster.is_ready():
            assert cluster.service.is_running, cluster.service.log_tail()
            time.sleep(0.05)
        assert ask(cluster, "SHOW listen_addresses") == [("127.0.0.1",)]
        cluster.service.kill()
        assert not cluster.service.is_running

    cluster.service.start()
    while not cluster.is_ready():
        assert cluster.service.is_running, cluster.service.log_tail()
        time.sleep(0.05)
    stop_all([cluster.service], within_s=5)
    cluster.remove()
    assert cluster.service.exit_code == 0
    assert marks.marked_processes(run_id) == []
    assert folders() == before


def test_missing_programs_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DemoError, match="PostgreSQL's initdb and postgres must be on the PATH"):
        Postgres({}, port=1, logs=tmp_path, run_id="none")
