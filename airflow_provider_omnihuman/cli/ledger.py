"""What the command line remembers of its submits: the same ledger as the operators', keyed by the request and by the task."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.cli.task import CommandLineTask

if TYPE_CHECKING:
    from airflow_provider_omnihuman.ledger.stores import Ledger

__all__ = ["CommandLineLedger"]

_FILE = "file://"


@dataclass(frozen=True, slots=True)
class CommandLineLedger:
    """The records of one folder.

    :param folder: a URL for ``ObjectStoragePath``
    """

    folder: str

    @classmethod
    def at(cls, path: str | None) -> CommandLineLedger:
        """Return the ledger in a folder; one on this machine is made where it is not there.

        :param path: a folder or a URL; None for the default
        """
        if path and "://" in path:
            return cls(path)
        folder = Path(path).expanduser().absolute() if path else _home() / "omnihuman" / "submissions"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"{_FILE}{folder}")

    def of_request(self, fingerprint: str) -> Ledger:
        """Return where the job of a request is written down.

        :param fingerprint: of the request
        """
        return self._record("requests", fingerprint)

    def of_task(self, task_id: str) -> Ledger:
        """Return where the request of a job is written down.

        :param task_id: of the job
        """
        return self._record("tasks", task_id)

    def note_task(self, request: Ledger, *, log: Any) -> None:
        """Write down what was asked of a job, for its archive; what fails here costs no more than that knowledge.

        :param request: of the request, which has just become that job
        :param log: told
        """
        from airflow_provider_omnihuman.ledger.errors import LedgerError

        try:
            record = request.read()
            if record and record.task_id:
                self.of_task(record.task_id).write(record)
        except LedgerError as error:
            log.warning("What was asked of this task is not kept for its archive: %s", error)

    def facts_of(self, task_id: str, *, log: Any) -> dict[str, Any]:
        """Return what was asked of a job, with its time and ids; nothing where that is not known.

        :param task_id: of the job
        :param log: told where it cannot be read
        """
        from airflow_provider_omnihuman.ledger.errors import LedgerError
        from airflow_provider_omnihuman.ledger.job import Job

        try:
            record = self.of_task(task_id).read()
        except LedgerError as error:
            log.warning("What was asked of task %s is not known: %s", task_id, error)
            return {}
        return Job.of(record, record.request).facts if record else {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands of this machine from submitting meanwhile; a ledger elsewhere has no such lock."""
        if not self.folder.startswith(_FILE):
            yield
            return
        with (Path(self.folder.removeprefix(_FILE)) / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # freed with the file, however this process ends
            yield

    def _record(self, kind: str, name: str) -> Ledger:
        from airflow_provider_omnihuman.ledger.stores import ObjectStorageLedger

        return ObjectStorageLedger(self.folder, {"ti": CommandLineTask(run_id=kind, task_id=name)})


def _home() -> Path:
    from airflow.configuration import get_airflow_home

    return Path(os.fspath(get_airflow_home()))
