"""Starting, watching and ending processes, however they were nested."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid

import psutil
import pytest

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.processes import Service, stop_all

# A service whose grandchild leaves the process group and the session, and renames itself as Airflow's do.
NESTING = """
import os, subprocess, sys, time
from setproctitle import setproctitle
subprocess.Popen([sys.executable, "-c",
    "import setproctitle, time; setproctitle.setproctitle('renamed ' * 40); print('ready', flush=True); time.sleep(60)"],
    start_new_session=True)
setproctitle("service " * 40)
time.sleep(60)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def run_id():
    run_id = uuid.uuid4().hex
    yield run_id
    marks.kill_marked(run_id)


@pytest.fixture
def service(run_id, tmp_path):
    def make(program: str, name: str = "thing") -> Service:
        command = (sys.executable, "-c", program)
        return Service(name, command, environment={"LANG": "C.UTF-8"}, log_path=tmp_path / "logs" / f"{name}.log", run_id=run_id)

    return make


def wait_until(condition, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_kill_ends_a_grandchild_that_left_the_session_and_renamed_itself(service, run_id):
    thing = service(NESTING)
    thing.start()
    wait_until(lambda: "ready" in thing.log())
    family = marks.marked_processes(run_id)

    thing.kill()

    assert len(family) == 2
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)


def test_kill_spares_the_other_services(service):
    one, other = service("import time; time.sleep(60)", "one"), service("import time; time.sleep(60)", "other")
    one.start()
    other.start()

    one.kill()

    assert one.exit_code == -signal.SIGKILL
    assert other.is_running


def test_stopping_is_polite_first_and_bounded(service):
    polite, stubborn = service("import time; time.sleep(60)", "polite"), service(STUBBORN, "stubborn")
    polite.start()
    stubborn.start()
    wait_until(lambda: "ready" in stubborn.log())
    begun = time.monotonic()

    stop_all([polite, stubborn], within_s=0.5)

    assert polite.exit_code == -signal.SIGTERM
    assert stubborn.exit_code == -signal.SIGKILL
    assert time.monotonic() - begun < 5


def test_a_killed_service_can_be_started_again_and_keeps_its_log(service):
    thing = service("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    for life in (1, 2):
        thing.start()
        wait_until(lambda life=life: len(thing.log().splitlines()) == life)
        thing.kill()

    first, second = thing.log().splitlines()
    assert first != second


def test_the_tail_of_a_log_is_its_last_lines(service):
    thing = service("print(*range(100), sep='\\n')")
    thing.start()
    wait_until(lambda: not thing.is_running)

    assert thing.log_tail(3) == "97\n98\n99"


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None], ids=["killed", "terminated", "returns"])
def test_however_a_launcher_ends_its_warden_leaves_nothing(run_id, tmp_path, end):
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, run_id, str(tmp_path), "wait" if end else "return", NESTING],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout.readline() == "up\n"
    family = marks.marked_processes(run_id)
    if end is not None:
        launcher.send_signal(end)
    launcher.wait(10)
    launcher.stdout.close()

    assert len(family) == 2
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


LAUNCHER = """
import sys, time
from pathlib import Path
from airflow_provider_omnihuman.demo.processes import Service
from airflow_provider_omnihuman.demo.warden import Warden
run_id, folder, then, program = sys.argv[1:]
warden = Warden(run_id)
service = Service("nest", (sys.executable, "-c", program), environment={}, log_path=Path(folder, "log"), run_id=run_id)
service.start()
while "ready" not in service.log():
    time.sleep(0.02)
print("up", flush=True)
time.sleep(60 if then == "wait" else 1)
"""
