"""The command: exit codes, messages, and that it leaves no process however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from airflow_provider_omnihuman.demo.extras import check_extras
from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.options import read_options

DAGS = Path(__file__).parent / "dags"
ANSI = "\x1b"


class Command:
    """A running ``omnihuman-demo``, all of whose descendants are remembered."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.descendants: set[psutil.Process] = set()
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow_provider_omnihuman.demo.cli", "--dir", folder / "work", *arguments],
                stdout=out,
                stderr=err,
                start_new_session=True,
                # What the caller has configured must neither be used nor be needed.
                env={**os.environ, "AIRFLOW__CORE__EXECUTOR": "NoSuchExecutor", "AIRFLOW__CORE__LOAD_EXAMPLES": "True"},
            )
        self._watcher = threading.Thread(target=self._remember_descendants)
        self._watcher.start()

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_for(self, pattern: str, within_s: float = 100.0) -> None:
        deadline = time.monotonic() + within_s
        while not re.search(pattern, self.out):
            assert self._process.poll() is None, self.err
            assert time.monotonic() < deadline, self.out
            time.sleep(0.05)

    def press(self, number: int) -> None:
        """Signal the process group, as a terminal does."""
        os.killpg(self._process.pid, number)

    def end(self, within_s: float = 150.0) -> int:
        try:
            return self._process.wait(within_s)
        finally:
            self._process.kill()
            self._watcher.join()

    def survivors(self) -> list[psutil.Process]:
        return psutil.wait_procs(self.descendants, timeout=8)[1]

    def _remember_descendants(self) -> None:
        while self._process.poll() is None:
            try:
                self.descendants.update(psutil.Process(self._process.pid).children(recursive=True))
            except psutil.Error:
                return
            time.sleep(0.05)


@pytest.fixture
def start(tmp_path):
    commands: list[Command] = []

    def start(*arguments: str) -> Command:
        commands.append(Command(tmp_path, *arguments))
        return commands[-1]

    yield start
    for command in commands:
        command.end(within_s=0.1)
        for process in command.descendants:
            if process.is_running():
                process.kill()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dags", "/nowhere"], "no Dags folder at /nowhere"),
        (["--dags", str(DAGS), "--image", "/nowhere.png"], "cannot read the picture /nowhere.png"),
        (["--dags", str(DAGS), "--output", "/proc/here"], "cannot write to /proc/here"),
    ],
)
def test_what_cannot_work_is_said_in_one_line_before_anything_starts(start, arguments, message):
    command = start(*arguments)

    assert command.end(within_s=20) == 1
    lines = command.err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"demo failed: {message}")
    assert command.out == ""
    assert command.survivors() == []


def test_missing_packages_are_named_with_what_to_do():
    with pytest.raises(DemoError, match=r"not installed: no_such_module\. Run `make setup`"):
        check_extras(("rich", "no_such_module"))


def test_only_what_was_given_goes_to_the_dag():
    assert read_options([]).conf == {}
    assert read_options(["--text", "Hello", "--resolution", "1080"]).conf == {"text": "Hello", "output_resolution": 1080}


@pytest.mark.parametrize("bad", [["--speed", "0"], ["--speed", "fast"], ["--resolution", "480"], ["--nonsense"]])
def test_a_bad_option_ends_with_the_usage(bad, capsys):
    with pytest.raises(SystemExit) as end:
        read_options(bad)

    assert end.value.code == 2
    assert "usage: omnihuman-demo" in capsys.readouterr().err


@pytest.mark.scenario
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("number", "when"),
    [(signal.SIGINT, "database +starting"), (signal.SIGTERM, "scheduler +starting"), (signal.SIGHUP, "object-store +ready")],
)
def test_interrupted_while_it_starts_it_leaves_no_process(start, number, when):
    command = start("--dags", str(DAGS))
    command.wait_for(when)
    command.press(number)
    begun = time.monotonic()

    assert command.end() == 128 + number
    assert time.monotonic() - begun < 10
    assert f"stopped by {number.name}: nothing is left running" in command.err
    assert command.descendants
    assert command.survivors() == []


@pytest.mark.skipif(not os.environ.get("OMNIHUMAN_CHAOS"), reason="takes long: make chaos")
@pytest.mark.scenario
@pytest.mark.timeout(300)
def test_killed_while_a_task_runs_it_leaves_no_process(start):
    command = start("--dags", str(DAGS), "--text", "wait")
    command.wait_for("archive +running")
    deadline = time.monotonic() + 30
    while not any(process.is_running() and process.name() == "sleep" for process in command.descendants):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    command.press(signal.SIGKILL)

    assert command.end() == -signal.SIGKILL
    assert len(command.descendants) > 10
    assert command.survivors() == []


@pytest.mark.skipif(not os.environ.get("OMNIHUMAN_CHAOS"), reason="takes long: make chaos")
@pytest.mark.scenario
@pytest.mark.timeout(300)
def test_a_failed_task_fails_the_demo_with_the_end_of_its_log(start):
    command = start("--dags", str(DAGS), "--text", "fail")

    assert command.end() == 1
    assert "ValueError: the reason why it failed" in command.err
    assert command.err.strip().splitlines()[-1] == "demo failed: the task archive failed at try 1"
    assert ANSI not in command.out + command.err
    assert command.survivors() == []


@pytest.mark.skipif(not os.environ.get("OMNIHUMAN_CHAOS"), reason="takes long: make chaos")
@pytest.mark.scenario
@pytest.mark.timeout(300)
def test_a_run_that_succeeds_without_an_archived_video_fails_the_demo(start):
    command = start("--dags", str(DAGS), "--text", "lie")

    assert command.end() == 1
    assert "cannot read s3://omnihuman-demo/nothing.json from the store" in command.err
    assert command.survivors() == []
