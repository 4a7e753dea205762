"""The working folder of a run: which file lies where, and who may wipe it."""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from airflow_provider_omnihuman.demo.failures import DemoError

if TYPE_CHECKING:
    from pathlib import Path

NEEDED_BYTES = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """The places below the working folder.

    :param root: the working folder; only its ``run`` folder is ever wiped.
    """

    root: Path

    @property
    def run(self) -> Path:
        """All that one run makes, wiped at the next one's start."""
        return self.root / "run"

    @property
    def airflow_home(self) -> Path:
        """Airflow's home: its database and generated files."""
        return self.run / "airflow"

    @property
    def database(self) -> Path:
        """Airflow's SQLite database."""
        return self.airflow_home / "airflow.db"

    @property
    def passwords(self) -> Path:
        """The simple auth manager's password file."""
        return self.airflow_home / "passwords.json"

    @property
    def service_logs(self) -> Path:
        """One log file per service."""
        return self.run / "logs"

    @property
    def task_logs(self) -> Path:
        """One log file per try of a task."""
        return self.run / "task-logs"

    @property
    def emulator_data(self) -> Path:
        """The emulator's tasks and videos."""
        return self.run / "emulator"

    @property
    def output(self) -> Path:
        """Where local copies of the videos go, unless told otherwise; never wiped."""
        return self.root / "output"


def claim(root: Path, *, needed_bytes: int = NEEDED_BYTES) -> tuple[Layout, IO[str]]:
    """Take the working folder for this process alone, wipe the last run, and return the layout and the lock.

    The lock lasts as long as the file is open, so a demo that died never blocks the next one.

    :param root: the working folder; made when missing.
    :param needed_bytes: complain when less is free.
    """
    layout = Layout(root.resolve())
    try:
        layout.root.mkdir(parents=True, exist_ok=True)
        lock = (layout.root / "lock").open("a")
        _lock(lock, layout.root)
        _check_space(layout.root, needed_bytes)
        shutil.rmtree(layout.run, ignore_errors=True)
        layout.run.mkdir(mode=0o700)  # the database holds connections, the password file a password
        for folder in (layout.airflow_home, layout.service_logs, layout.task_logs, layout.emulator_data):
            folder.mkdir(parents=True)
    except OSError as error:
        raise DemoError(f"cannot use the working folder {root}: {error.strerror or error}; choose another with --dir") from error
    return layout, lock


def _lock(lock: IO[str], root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DemoError(f"another demo is running in {root}: stop it, or choose another folder with --dir") from None


def _check_space(root: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(root).free
    if free < needed_bytes:
        raise DemoError(
            f"only {free // 2**20} MiB are free at {root}, {needed_bytes // 2**20} MiB are needed: "
            "make room, or choose another folder with --dir"
        )


def readable_folder(folder: Path) -> Path:
    """Return the folder made absolute, or say that it is missing or empty of Dags."""
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        raise DemoError(f"no Dags folder at {folder}: run the demo from the project's folder, or name it with --dags")
    return folder.resolve()
