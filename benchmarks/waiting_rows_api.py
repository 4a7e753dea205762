"""Asks the process that writes into Airflow's database (``waiting_rows``), which has Airflow's settings and imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any


class Rows:
    """One such process.

    :param environment: Airflow's settings
    :param log: where its own words go
    """

    def __init__(self, environment: dict[str, str], *, log: Path) -> None:
        self._log = log
        self._lock = Lock()
        command = [sys.executable, str(Path(__file__).with_name("waiting_rows.py"))]
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                command, env=environment, cwd=log.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True
            )

    def ask(self, **request: Any) -> None:
        """Ask, and wait until it is done.

        :raises RuntimeError: with the end of its log
        """
        with self._lock:
            self._ask(json.dumps(request))

    def _ask(self, line: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        while answer and answer != "ok\n":  # Airflow may print, too
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"rows were not written: {self._log.read_text()[-2000:]}")

    def close(self) -> None:
        """End it."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(timeout=20)
            self._process.stdout.close()
