"""Standard error that nobody reads any more, or that has no room: a paid job is written down all the same."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_submit import wait_for


@pytest.fixture
def paid_for(process, inputs, emulator):
    """Ask again for the same request; return what it answers, and the id of the one job."""

    def ask():
        (job,) = emulator.state()["jobs"]
        again = process("submit", *inputs)
        out, err = again.communicate(timeout=60)
        assert again.returncode == 0, err
        return out.strip(), job["task_id"]

    return ask


def test_a_reader_of_standard_error_that_goes_away_loses_no_job(process, inputs, emulator, paid_for):
    """As of ``omnihuman submit … 2>&1 | head -1``."""
    emulator.fault(kind="delay", delay_s=2, phase="after", action="CVSubmitTask")
    started = process("submit", *inputs, "--yes")
    wait_for(lambda: emulator.accepted() == 1)
    started.stderr.close()
    started.stderr = None
    out, _ = started.communicate(timeout=60)
    asked, task_id = paid_for()
    assert asked == task_id
    assert (started.returncode, out.strip()) == (0, task_id)


def test_ctrl_c_that_ends_the_reader_too_loses_no_job(process, inputs, emulator, paid_for):
    """As of ``omnihuman submit … 2>&1 | tee log``: the terminal interrupts both."""
    emulator.fault(kind="delay", delay_s=2, phase="after", action="CVSubmitTask")
    started = process("submit", *inputs, "--yes")
    wait_for(lambda: emulator.accepted() == 1)
    started.stderr.close()
    started.stderr = None
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=60)
    asked, task_id = paid_for()
    assert asked == task_id
    assert started.returncode == 130


@pytest.mark.slow
def test_a_terminal_that_is_closed_loses_no_job(process, inputs, emulator, paid_for):
    emulator.fault(kind="delay", delay_s=2, phase="after", action="CVSubmitTask")
    started = process("submit", *inputs, "--yes")
    wait_for(lambda: emulator.accepted() == 1)
    started.send_signal(signal.SIGHUP)
    started.communicate(timeout=60)
    asked, task_id = paid_for()
    assert asked == task_id
    assert started.returncode == 143


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_log_on_a_full_disk_loses_no_job(process, inputs, emulator, paid_for):
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        streams = {"stdout": subprocess.PIPE, "stderr": full, "stdin": subprocess.DEVNULL}
        started = process("submit", *inputs, "--yes", streams=streams)
        out, _ = started.communicate(timeout=60)
    finally:
        os.close(full)
    if emulator.accepted():
        asked, task_id = paid_for()
        assert asked == task_id == out.strip()
