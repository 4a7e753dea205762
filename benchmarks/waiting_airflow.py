"""A scratch Airflow: a database with one Dag, made once, and for each measurement a copy of it with Airflow's own triggerer."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from cryptography.fernet import Fernet
from waiting_jobs import write_experience
from waiting_rows_api import Rows
from waiting_usage import Usage

HERE = Path(__file__).parent
TRIGGERS_PER_LOOP = 500
"""Airflow takes 50 new triggers a second by default; 10,000 would take more than three minutes to start."""

_DAG = '''"""One mapped task that waits."""
from airflow.sdk import DAG
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor

with DAG("waiting", schedule=None) as dag:
    OmniHumanTaskSensor.partial(task_id="wait", deferrable=True).expand(omnihuman_task_id=["1"])
'''
_FOREIGN = ("AIRFLOW", "_AIRFLOW", "PYTEST", "VOLC", "OTEL_", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_BOOT_S = 90.0


class BenchError(Exception):
    """A measurement could not be made."""


class ScratchAirflow:
    """The database that every measurement starts from.

    :param folder: for everything that is written; deleted by the caller
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._fernet_key = Fernet.generate_key().decode()
        self._template = folder / "template.db"
        self.rows: Rows | None = None

    def prepare(self) -> None:
        """Make the database, with its Dag."""
        dags = self.folder / "dags"
        dags.mkdir(parents=True)
        (dags / "waiting.py").write_text(_DAG)
        self.rows = Rows(self.environment(self.folder), log=self.folder / "rows.log")
        self.rows.ask(do="make")
        (self.folder / "airflow.db").rename(self._template)

    def close(self) -> None:
        """End the process that writes rows."""
        if self.rows:
            self.rows.close()

    def environment(self, home: Path) -> dict[str, str]:
        """Return what Airflow's processes are started with.

        :param home: of the measurement
        """
        bundle = {
            "name": "bench",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(self.folder / "dags")},
        }
        settings = {
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__FERNET_KEY": self._fernet_key,
            "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "CORE__DAGS_FOLDER": str(self.folder / "dags"),
            "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
            "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "TRIGGERER__MAX_TRIGGER_TO_SELECT_PER_LOOP": str(TRIGGERS_PER_LOOP),
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        ours = {"AIRFLOW_HOME": str(home), "PYTHONPATH": str(HERE), "PYTHONUNBUFFERED": "1", "SCARF_ANALYTICS": "false"}
        return inherited | ours | {f"AIRFLOW__{name}": value for name, value in settings.items()}

    @contextmanager
    def triggerer(self, home: Path, *, capacity: int, more: Mapping[str, str]) -> Iterator[Triggerer]:
        """Run Airflow's triggerer on a fresh copy of the database.

        :param home: a folder for it
        :param capacity: how many triggers it takes
        :param more: of its environment
        """
        shutil.copy(self._template, home / "airflow.db")
        write_experience(home)
        triggerer = Triggerer(home, self.environment(home) | dict(more), capacity=capacity)
        try:
            yield triggerer
        finally:
            triggerer.stop()
            shutil.rmtree(home / "logs", ignore_errors=True)  # a file per trigger


class Triggerer:
    """``airflow triggerer``: a supervisor, which talks to the database, and a runner, which has the event loop.

    :param home: its folder
    :param environment: of its processes
    :param capacity: how many triggers it takes
    """

    def __init__(self, home: Path, environment: dict[str, str], *, capacity: int) -> None:
        self.home = home
        self.database = home / "airflow.db"
        command = [sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs", "--capacity", str(capacity)]
        with (home / "triggerer.log").open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)  # noqa: S603
        self.usage = Usage(self._process.pid)

    def wait_until_idle(self) -> Self:
        """Wait until both processes are there and at rest."""
        until = time.monotonic() + _BOOT_S
        while not self.usage.is_complete or self.usage.share_of_core(over_s=1.0) > 0.1:
            self.check()
            if time.monotonic() > until:
                raise BenchError(f"the triggerer did not come to rest within {_BOOT_S:.0f} s: {self._end_of_log()}")
            time.sleep(0.1)
        return self

    def check(self) -> None:
        """Raise if it has died."""
        if self._process.poll() is not None:
            raise BenchError(f"the triggerer ended with {self._process.returncode}: {self._end_of_log()}")

    def still_deferred(self) -> int:
        """Return how many tasks have no event yet, as the database has it."""
        return int(self.query("SELECT count(*) FROM task_instance WHERE state = 'deferred'")[0][0])

    def query(self, statement: str) -> list[Any]:
        """Return the rows of a query on Airflow's database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(statement).fetchall()

    def stop(self) -> None:
        """End both processes."""
        runners = self.usage.processes[1:]
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            for runner in runners:
                runner.kill()
            self._process.kill()
            self._process.wait()

    def _end_of_log(self) -> str:
        return (self.home / "triggerer.log").read_text(errors="replace")[-2000:]
