"""Running a command: in this process for most tests, as the console script where the process itself matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_omnihuman.cli.main import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout: anything beside it would not parse."""
        return json.loads(self.out)


@pytest.fixture
def omnihuman(connections, tmp_path, capfd) -> Callable[..., Ran]:
    """Run a command in this process."""

    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        ledger = ("--ledger-path", str(tmp_path / "ledger")) if arguments[0] in {"submit", "wait", "status", "archive"} else ()
        code = main([*arguments, *ledger])
        return Ran(code, *capfd.readouterr())

    return run


@pytest.fixture
def process(connections, tmp_path) -> Callable[..., subprocess.Popen[str]]:
    """Start the console script, with what it needs in its environment."""
    started: list[subprocess.Popen[str]] = []

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}

    def start(*arguments: str, streams: dict[str, int] = pipes, **environment: str) -> subprocess.Popen[str]:
        script = Path(sys.executable).parent / "omnihuman"
        env = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "home"), **environment}
        started.append(subprocess.Popen([script, *arguments], env=env, text=True, **streams))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def inputs(put, portrait_png, speech_wav) -> tuple[str, ...]:
    """The arguments of a request that the service takes."""
    image, audio = put("in/p.png", portrait_png), put("in/a.wav", speech_wav(1.2))
    return "--image", image, "--audio", audio, "--resolution", "720"


@pytest.fixture
def submitted(omnihuman, inputs) -> str:
    """The task id of a job."""
    return omnihuman("submit", *inputs, "--yes").out.strip()


@pytest.fixture
def done(submitted, emulator, omnihuman) -> str:
    """The task id of a job that is done."""
    emulator.advance(3600)
    ran = omnihuman("wait", submitted)
    assert ran.code == 0, ran.err
    return submitted
