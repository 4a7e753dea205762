"""``submit``: what is paid for is paid once, whatever happens to the command, and never without a yes."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest


def wait_for(condition, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_prints_the_task_id_and_nothing_else(omnihuman, inputs, emulator):
    ran = omnihuman("submit", *inputs, "--yes")
    assert ran.code == 0
    task_id = emulator.state()["jobs"][0]["task_id"]
    assert ran.out == f"{task_id}\n"
    assert f"Submitted OmniHuman task {task_id} (request " in ran.err


def test_a_paid_jobs_id_is_told_though_the_ledger_breaks(omnihuman, inputs, emulator, tmp_path):
    """The intent was written, and then the disk is gone."""
    emulator.fault(kind="delay", delay_s=1.5, phase="after", action="CVSubmitTask")
    breaking = threading.Thread(target=lambda: (wait_for(lambda: emulator.accepted() == 1), shutil.rmtree(tmp_path / "ledger")))
    breaking.start()
    ran = omnihuman("submit", *inputs, "--yes")
    breaking.join()
    assert ran.out.strip() == emulator.state()["jobs"][0]["task_id"]
    assert "the ledger could not be told" in ran.err


def test_it_tells_the_price_before_it_submits(omnihuman, inputs, omnihuman_connection):
    omnihuman_connection.omnihuman("omnihuman_default", price_per_second=1.5)
    ran = omnihuman("submit", *inputs)
    assert "This render is billed: 1.2 s of video (720p), about 1.80 CNY" in ran.err


def test_a_price_that_nobody_told_is_not_made_up(omnihuman, inputs):
    assert "the connection has no price_per_second" in omnihuman("submit", *inputs).err


def test_nothing_is_paid_where_nobody_can_say_yes(omnihuman, inputs, emulator):
    ran = omnihuman("submit", *inputs, "--json")
    assert ran.code == ran.document["exit_code"] == 10
    assert ran.document["error"]["estimated_seconds"] == pytest.approx(1.2, abs=0.01)
    assert "--yes" in ran.document["error"]["advice"]
    assert emulator.accepted() == 0


@pytest.mark.parametrize(("says", "code", "jobs"), [("n", 10, 0), ("yes", 0, 1)])
def test_a_person_is_asked(process, inputs, emulator, says, code, jobs):
    leader, follower = pty.openpty()
    try:
        started = process("submit", *inputs, streams={"stdin": follower, "stderr": follower, "stdout": subprocess.PIPE})
        os.write(leader, f"{says}\n".encode())
        out, _ = started.communicate(timeout=60)
    finally:
        os.close(follower)
        os.close(leader)
    assert (started.returncode, emulator.accepted(), len(out.splitlines())) == (code, jobs, jobs)


def test_the_same_request_again_finds_its_job(omnihuman, inputs, emulator):
    first = omnihuman("submit", *inputs, "--yes", "--json").document
    again = omnihuman("submit", *inputs, "--json").document  # it need not be confirmed: it costs nothing
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["task_id"] == again["task_id"]
    assert first["request"]["audio_duration_s"] == again["request"]["audio_duration_s"] == pytest.approx(1.2, abs=0.01)
    assert emulator.accepted() == 1


def test_another_request_is_another_job(omnihuman, inputs, emulator):
    omnihuman("submit", *inputs, "--yes")
    omnihuman("submit", *inputs, "--yes", "--seed", "7")
    assert emulator.accepted() == 2


def test_force_new_pays_each_time(omnihuman, inputs, emulator):
    ids = {omnihuman("submit", *inputs, "--yes", "--force-new").out for _ in range(3)}
    assert len(ids) == emulator.accepted() == 3


def test_a_lost_reply_stops_for_a_person_who_can_name_the_job(omnihuman, inputs, emulator):
    emulator.fault(kind="reset", phase="after", action="CVSubmitTask")
    lost = omnihuman("submit", *inputs, "--yes", "--json")
    again = omnihuman("submit", *inputs, "--yes", "--json")
    assert (lost.code, again.code) == (8, 8)
    assert again.document["error"]["type"] == "OrphanedIntentError"
    assert emulator.accepted() == 1

    (task_id,) = [job["task_id"] for job in emulator.state()["jobs"]]
    path = again.document["error"]["advice"].partition("into ")[2].partition(", and give")[0]
    Path(path).write_text(json.dumps({"task_id": task_id}))
    named = omnihuman("submit", *inputs, "--yes", "--json")
    assert (named.code, named.document["task_id"]) == (0, task_id)
    assert emulator.accepted() == 1


def test_a_command_that_is_killed_in_the_midst_of_it_stops_for_a_person(process, inputs, emulator):
    emulator.fault(kind="delay", delay_s=5, phase="after", action="CVSubmitTask")
    killed = process("submit", *inputs, "--yes")
    wait_for(lambda: emulator.accepted() == 1)
    killed.kill()
    killed.wait()

    again = process("submit", *inputs, "--yes")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 8
    assert "the job may exist, and be billed" in err
    assert emulator.accepted() == 1


def test_ctrl_c_in_the_midst_of_it_loses_nothing(process, inputs, emulator):
    emulator.fault(kind="delay", delay_s=2, phase="after", action="CVSubmitTask")
    interrupted = process("submit", *inputs, "--yes")
    wait_for(lambda: emulator.accepted() == 1)
    interrupted.send_signal(signal.SIGINT)
    _, err = interrupted.communicate(timeout=60)
    (task_id,) = [job["task_id"] for job in emulator.state()["jobs"]]
    assert interrupted.returncode == 130
    assert "the submit is on its way" in err
    assert f"omnihuman wait {task_id}" in err

    again = process("submit", *inputs)
    out, _ = again.communicate(timeout=60)
    assert (again.returncode, out.strip()) == (0, task_id)


def test_two_at_once_pay_once(process, inputs, emulator):
    emulator.fault(kind="delay", delay_s=1, action="CVSubmitTask", count=None)
    both = [process("submit", *inputs, "--yes") for _ in range(2)]
    for one in both:
        one.communicate(timeout=90)
    assert emulator.accepted() == 1
    assert 0 in {one.returncode for one in both}


@pytest.mark.parametrize("value", ["speech.wav", "/tmp/speech.wav", "file:///tmp/speech.wav", "./a b.wav"])
def test_a_file_on_this_machine_is_told_where_to_go(omnihuman, inputs, emulator, value):
    ran = omnihuman("submit", *inputs[:2], "--audio", value, "--yes", "--json")
    assert ran.code == 3
    assert "the service fetches its inputs itself" in ran.document["error"]["message"]
    assert "aws s3 cp" in ran.document["error"]["advice"]
    assert emulator.accepted() == 0


@pytest.mark.parametrize("value", ["data:audio/wav;base64,AAAA", "ftp://example.com/a.wav", "s3://bucket-without-key"])
def test_other_inputs_are_refused_as_the_operators_refuse_them(omnihuman, inputs, emulator, value):
    ran = omnihuman("submit", *inputs[:2], "--audio", value, "--yes", "--json")
    assert (ran.code, ran.document["error"]["type"]) == (3, "InvalidRequestError")
    assert emulator.accepted() == 0


def test_audio_that_is_too_long_is_refused_before_it_is_paid(omnihuman, inputs, emulator, put, speech_wav):
    long = omnihuman("submit", *inputs[:2], "--audio", put("in/long.wav", speech_wav(61)), "--yes")
    dear = omnihuman("submit", *inputs, "--max-billed-seconds", "1", "--yes")
    assert (long.code, dear.code) == (3, 3)
    assert "max_billed_seconds is 1" in dear.err
    assert emulator.accepted() == 0


def test_a_limit_of_the_account_is_said_to_pass(omnihuman, inputs, emulator):
    emulator.fault(kind="code", code="50430", action="CVSubmitTask")
    refused = omnihuman("submit", *inputs, "--yes", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (9, "50430")
    assert refused.document["error"]["request_id"]
    assert omnihuman("submit", *inputs, "--yes").code == 0


def test_with_wait_the_url_follows_the_id(omnihuman, inputs, emulator):
    task_id = omnihuman("submit", *inputs, "--yes").out.strip()
    emulator.advance(3600)
    ran = omnihuman("submit", *inputs, "--wait")
    assert ran.out.splitlines()[0] == task_id
    assert f"/{task_id}.mp4?" in ran.out.splitlines()[1]


def test_a_signature_is_in_nothing_that_is_kept_or_said(omnihuman, inputs, presigned, portrait_png, tmp_path):
    url = presigned("in/q.png", portrait_png)
    ran = omnihuman("submit", "--image", url, *inputs[2:], "--yes", "--json")
    kept = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert ran.code == 0
    assert "in/q.png" in kept
    assert "Signature" not in ran.out + ran.err + kept
