"""One service of the demo: a child process with its own session, log file and mark."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo import marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Service:
    """A child process that can be started, watched, stopped, killed and started again.

    :param name: what people and logs call it.
    :param command: the program and its arguments.
    :param environment: its whole environment; the run's marks are added.
    :param log_path: receives its standard output and error.
    :param run_id: the mark shared by all processes of the run.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_path: Path,
        run_id: str,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self.started_at: datetime | None = None
        self._command = tuple(command)
        self._environment = {**environment, **marks.marks_of(run_id, name)}
        self._run_id = run_id
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, while it has one."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """The exit code once it has ended, else ``None``."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C in the terminal reaches the launcher only."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.started_at = datetime.now(UTC)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self.log_path.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process itself; its own children are its own affair."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and everything it started (SIGKILL), and reap it."""
        if self._process is None:
            return
        if self.is_running:
            os.killpg(self._process.pid, signal.SIGKILL)
        marks.kill_marked(self._run_id, self.name)
        self._process.wait()

    def log(self) -> str:
        """Everything it has written so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 25) -> str:
        """The end of what it has written."""
        return "\n".join(self.log().splitlines()[-lines:])


def stop_all(services: Sequence[Service], *, within_s: float) -> None:
    """Ask all to stop at once, wait a bounded time, kill the rest with everything they started."""
    for service in services:
        service.ask_to_stop()
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and any(service.is_running for service in services):
        time.sleep(0.05)
    for service in services:
        service.kill()
