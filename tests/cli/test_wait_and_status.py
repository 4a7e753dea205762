"""``wait`` and ``status``: one question or many, each ending with the code that says what to do next."""

from __future__ import annotations

import io
import json
import signal
import time

import pytest
from rich.console import Console

from airflow_provider_omnihuman.api.expected import Expected
from airflow_provider_omnihuman.api.models import TaskStatus
from airflow_provider_omnihuman.cli.progress import WaitingBar
from airflow_provider_omnihuman.cli.terminal import Terminal


def test_the_url_is_printed_alone(omnihuman, done):
    ran = omnihuman("wait", done)
    (line,) = ran.out.splitlines()
    assert ran.code == 0
    assert f"/{done}.mp4?" in line


def test_a_program_gets_the_video_as_json(omnihuman, done):
    video = omnihuman("wait", done, "--json").document
    assert (video["command"], video["ok"], video["exit_code"], video["task_id"]) == ("wait", True, 0, done)
    assert f"/{done}.mp4?" in video["video_url"]


def test_what_is_not_done_in_time_can_be_waited_for_again(omnihuman, submitted, emulator):
    late = omnihuman("wait", submitted, "--timeout", "0.2", "--json")
    assert (late.code, late.document["error"]["type"]) == (5, "WaitTimeoutError")
    emulator.advance(3600)
    assert omnihuman("wait", submitted).code == 0


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "inf"])
def test_a_timeout_that_is_none_is_refused(omnihuman, timeout):
    assert omnihuman("wait", "1", f"--timeout={timeout}").code == 3


def test_a_job_that_failed_is_told_with_code_and_request_id(omnihuman, submitted, emulator):
    emulator.fault(kind="code", code="50511", action="CVGetResult")
    ran = omnihuman("wait", submitted, "--json")
    assert ran.code == 6
    assert ran.document["error"]["code"] == "50511"
    assert ran.document["error"]["request_id"]
    assert "submit anew" in ran.document["error"]["advice"]


@pytest.mark.parametrize("command", ["wait", "status"])
def test_a_task_that_nobody_knows_is_lost(omnihuman, command):
    ran = omnihuman(command, "1234567890123456789", "--json")
    assert (ran.code, ran.document["error"]["type"]) == (7, "TaskLostError")


def test_status_asks_once(omnihuman, submitted, emulator):
    running = omnihuman("status", submitted, "--json")
    assert running.code == running.document["exit_code"] == 5
    assert running.document["status"] in {"in_queue", "processing", "generating"}
    assert running.document["submitted_at"]
    assert sum(emulator.state()["requests"]["CVGetResult"].values()) == 1


def test_status_of_a_job_that_is_done(omnihuman, done):
    ran = omnihuman("status", done)
    assert ran.code == 0
    assert ran.out.startswith("status     done\n")


def test_the_video_is_downloaded(omnihuman, done, tmp_path):
    file = tmp_path / "video.mp4"
    ran = omnihuman("wait", done, "--output", str(file))
    assert ran.out == f"{file}\n"
    assert file.read_bytes()[4:8] == b"ftyp"


def test_a_file_that_is_there_is_not_written_over_and_told_before_the_wait(omnihuman, submitted, tmp_path):
    (tmp_path / "video.mp4").write_bytes(b"mine")
    there = omnihuman("wait", submitted, "--output", str(tmp_path / "video.mp4"))
    nowhere = omnihuman("wait", submitted, "--output", str(tmp_path / "no" / "video.mp4"))
    assert (there.code, nowhere.code) == (3, 3)
    assert (tmp_path / "video.mp4").read_bytes() == b"mine"


@pytest.mark.omnihuman(speed=1)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_going_away_says_how_to_come_back(process, emulator, inputs, number, code):
    started = process("submit", *inputs, "--yes", "--wait", "--json")
    for line in started.stderr:
        if "processing" in line or "in_queue" in line or "generating" in line:
            break
    time.sleep(0.2)
    started.send_signal(number)
    out, err = started.communicate(timeout=60)
    (task_id,) = [job["task_id"] for job in emulator.state()["jobs"]]
    assert started.returncode == json.loads(out)["exit_code"] == code
    assert f"omnihuman wait {task_id}" in err
    assert json.loads(out)["error"]["task_id"] == task_id


def terminal(**options):
    told = Terminal()
    told.console = Console(file=io.StringIO(), force_terminal=True, width=80, **options)
    return told


def drawn(bar, console):
    with console.capture() as capture:
        console.print(bar._progress.get_renderable())
    return capture.get()


def test_the_bar_shows_the_time_so_far_against_the_time_expected():
    now = [1000.0]
    told = terminal(color_system=None)
    bar = WaitingBar(told, "42", expected=Expected(submitted_at=940.0, render_s=600.0), clock=lambda: now[0])
    bar.heard(TaskStatus.GENERATING)
    early = drawn(bar, told.console)
    now[0] = 940.0 + 660.0
    late = drawn(bar, told.console)
    assert "generating" in early
    assert "1 min of about 10 min" in early
    assert "11 min, later than 10 min" in late
    assert bar._progress.tasks[0].completed < bar._progress.tasks[0].total  # it is late, and not done
    assert all(len(line) <= 80 for line in (early + late).splitlines())


def test_the_bar_promises_nothing_where_nothing_is_known():
    now = [1000.0]
    told = terminal(color_system=None)
    bar = WaitingBar(told, "42", expected=Expected(), clock=lambda: now[0])
    now[0] += 43
    assert "43 s" in drawn(bar, told.console)
    assert "of about" not in drawn(bar, told.console)
