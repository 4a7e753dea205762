"""What breaks after a submit is paid for: a program that reads the JSON learns the task's id all the same."""

from __future__ import annotations

import shutil
import threading

import pytest

from tests.cli.test_submit import wait_for


def test_a_download_that_the_disk_refuses_names_the_job(omnihuman, inputs, emulator, tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    gone = threading.Thread(target=lambda: (wait_for(lambda: emulator.accepted() == 1), shutil.rmtree(folder)))
    gone.start()
    ran = omnihuman("submit", *inputs, "--yes", "--wait", "--json", "--output", str(folder / "video.mp4"))
    gone.join()
    (job,) = emulator.jobs()
    assert ran.code == 1
    assert ran.document["error"]["task_id"] == job["task_id"]
    assert f"omnihuman wait {job['task_id']}" in ran.document["error"]["advice"]


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "html"}])
def test_a_first_question_that_goes_wrong_is_asked_again(omnihuman, submitted, emulator, fault):
    emulator.fault(action="CVGetResult", count=2, **fault)
    emulator.advance(3600)
    ran = omnihuman("wait", submitted, "--json")
    assert ran.code == 0, ran.err


def test_a_file_that_came_during_the_wait_is_not_written_over(omnihuman, inputs, emulator, tmp_path):
    path = tmp_path / "video.mp4"
    other = threading.Thread(target=lambda: (wait_for(lambda: emulator.accepted() == 1), path.write_bytes(b"another video")))
    other.start()
    ran = omnihuman("submit", *inputs, "--yes", "--wait", "--json", "--output", str(path))
    other.join()
    (job,) = emulator.jobs()
    assert path.read_bytes() == b"another video"
    assert (ran.code, ran.document["error"]["task_id"]) == (3, job["task_id"])
