"""The emulator as a child process."""

from __future__ import annotations

import os
import time
import uuid

import pytest

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.credentials import Credentials
from airflow_provider_omnihuman.demo.emulator_service import emulator, said_of_renders
from airflow_provider_omnihuman.demo.environment import children_environment
from airflow_provider_omnihuman.demo.layout import Layout
from airflow_provider_omnihuman.demo.ports import free_ports


@pytest.fixture
def service(tmp_path):
    run_id = uuid.uuid4().hex
    first, second = free_ports(2)
    layout = Layout(tmp_path)
    layout.emulator_data.mkdir(parents=True)
    environment = children_environment(os.environ)
    options = {"speed": 7}
    yield emulator(environment, Credentials(), layout, ports=(first, second), run_id=run_id, options=options)
    assert marks.kill_marked(run_id) == []


def test_an_emulator_is_ready_only_once_it_has_said_so_in_this_life(service):
    for _ in range(2):
        service.service.start()
        assert not service.is_ready()  # what it said before it was killed does not count
        while not service.is_ready():
            assert service.service.is_running, service.service.log_tail()
            time.sleep(0.05)
        assert service.state()["clock"]["speed"] == 7
        service.service.kill()
        assert not service.is_ready()


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], ""),
        (["done"], "the service says: done"),
        (["done", "generating"], "the service says: generating"),
        (["done", "generating", "in_queue", "generating"], "the service says: 2 generating, 1 in_queue"),
    ],
)
def test_what_it_says_of_renders_is_short(states, said):
    jobs = [{"kind": "recognize", "status": "done"}, *({"kind": "generate", "status": state} for state in states)]
    assert said_of_renders(jobs) == said
