"""The command: its ready line, its end, its refusals, and what outlives it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from emulator_client import SUBMIT, Client

COMMAND = [sys.executable, "-m", "airflow_provider_omnihuman.emulator"]


@pytest.fixture
def run():
    running = []

    def _run(*arguments):
        process = subprocess.Popen(
            [*COMMAND, "--qps", "0", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        line = process.stdout.readline()
        assert line, process.stderr.read()
        ready = json.loads(line)
        return process, ready, Client(ready["endpoint"], ready["admin"])

    yield _run
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_line_and_a_quick_clean_end(run, tmp_path, body, number):
    ready_file = tmp_path / "ready.json"
    process, ready, client = run("--ready-file", ready_file)
    assert ready["pid"] == process.pid
    assert json.loads(ready_file.read_text()) == ready
    client.submit(body)  # an unfinished job holds nothing up
    started_s = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - started_s < 3
    assert process.communicate() == ("", "")


def test_command_is_installed():
    command = Path(sys.executable).with_name("omnihuman-emulator")
    shown = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "--data-dir" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "http"], ["--port", "'http' is no port"]),
        (["--port", "70000"], ["'70000' is no port"]),
        (["--speed", "0"], ["--speed", "above 0"]),
        (["--concurrency", "-1"], ["--concurrency"]),
        (["--site", "moon"], ["--site", "mainland"]),
        (["--data-dir", "/proc/nowhere"], ["cannot write to /proc/nowhere"]),
        (["--data-dir", "{file}"], ["cannot write to"]),
        (["--ready-file", "/proc/nowhere/ready"], ["cannot write /proc/nowhere/ready"]),
        (["--port", "{busy}"], ["cannot listen on 127.0.0.1:", "in use"]),
        (["--admin-port", "{busy}"], ["cannot listen on 127.0.0.1:", "in use"]),
        (["--host", "203.0.113.7"], ["cannot listen on 203.0.113.7:"]),
        (["--frobnicate"], ["unrecognized arguments: --frobnicate"]),
    ],
)
def test_bad_start_is_one_clear_line(tmp_path, arguments, words):
    (tmp_path / "file").touch()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        names = {"busy": busy.getsockname()[1], "file": tmp_path / "file"}
        ended = subprocess.run(
            COMMAND + [argument.format(**names) for argument in arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith("omnihuman-emulator: ")
    assert ended.stderr.count("\n") == 1
    for word in words:
        assert word in ended.stderr


def test_two_emulators_do_not_share_a_folder(run, tmp_path):
    run("--data-dir", tmp_path)
    ended = subprocess.run([*COMMAND, "--data-dir", tmp_path], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "another emulator uses" in ended.stderr


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "emulator.sqlite").write_text("this is no database, but somebody's notes")
    ended = subprocess.run([*COMMAND, "--data-dir", tmp_path], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "emulator.sqlite" in ended.stderr


def test_tasks_counts_and_clock_survive_a_kill(run, tmp_path, body, site):
    process, _, client = run("--data-dir", tmp_path, "--concurrency", 0)
    finished = client.submit(body)
    client.wait_until_rendered(finished)
    client.advance(7200)
    unfinished = client.submit(body | {"seed": 8})
    before = client.state()
    process.kill()
    process.wait()
    site.asked.clear()

    _, _, client = run("--data-dir", tmp_path, "--concurrency", 0)
    after = client.state()
    assert after["accepted"] == 2
    assert after["requests"] == before["requests"] == {SUBMIT: {"10000": 2}}
    assert after["clock"]["now_s"] - time.time() >= 7199
    data = client.query(finished).json()["data"]
    assert data["status"] == "done"
    assert requests.get(data["video_url"], timeout=5).content[4:8] == b"ftyp"
    assert client.wait_until_rendered(unfinished)["code"] is None
    assert client.result(unfinished).json()["data"]["status"] == "done"


def test_urls_survive_a_restart(run, tmp_path, body):
    process, ready, client = run("--data-dir", tmp_path)
    url = client.result(client.submit(body)).json()["data"]["video_url"]
    process.terminate()
    process.wait()
    _, again, _ = run("--data-dir", tmp_path)
    reply = requests.get(url.replace(ready["endpoint"], again["endpoint"]), timeout=5)
    assert reply.status_code == 200


def test_it_imports_nothing_of_what_it_checks():
    """Neither can hide the other's mistake: no code of the client, of Airflow, or of the vendor."""
    program = (
        "import sys, airflow_provider_omnihuman.emulator.cli, airflow_provider_omnihuman.speech.local\n"
        "print([name for name in sys.modules if name.startswith(('airflow_provider_omnihuman.api', 'airflow.',"
        " 'volcengine'))])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_without_its_extra_it_says_what_to_install():
    """As after a plain `pip install`, which brings no numpy."""
    program = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name: None if name in ('numpy', 'PIL') else find(name)\n"
        "from airflow_provider_omnihuman.emulator.cli import main\n"
        "sys.exit(main([]))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert ended.stderr == (
        "omnihuman-emulator: not installed: PIL, numpy. Run `pip install 'airflow-provider-omnihuman[emulator]'`\n"
    )
