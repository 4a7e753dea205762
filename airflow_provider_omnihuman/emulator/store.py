"""Tasks, counters and settings that outlive the process, in one SQLite file."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.catalogue import Kind
from airflow_provider_omnihuman.emulator.clock import ClockAnchor
from airflow_provider_omnihuman.emulator.tasks import Status, Task

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS task (task_id TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (
    action TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (action, outcome)
);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, document TEXT NOT NULL);
"""


class Store:
    """Holds the tasks in memory and writes each change through, so that a killed process loses nothing.

    :param path: the SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Not synchronous: what survives is the end of a process, which needs no fsync per request.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)
        rows = self._database.execute("SELECT document FROM task ORDER BY rowid")
        self._tasks = {task.task_id: task for task in (_read_task(row[0]) for row in rows)}

    @property
    def tasks(self) -> list[Task]:
        """Every accepted task, oldest first."""
        return list(self._tasks.values())

    def task(self, task_id: str) -> Task | None:
        """Return a task."""
        return self._tasks.get(task_id)

    def save(self, task: Task) -> None:
        """Add or replace a task."""
        with self._lock:
            self._tasks[task.task_id] = task
            self._database.execute(
                "INSERT INTO task VALUES (?, ?) ON CONFLICT (task_id) DO UPDATE SET document = excluded.document",
                (task.task_id, json.dumps(asdict(task), ensure_ascii=False)),
            )

    def count(self, action: str, outcome: str) -> None:
        """Note one request."""
        with self._lock:
            self._database.execute(
                "INSERT INTO counter VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                (action, outcome),
            )

    def counters(self) -> dict[str, dict[str, int]]:
        """Return how many requests of each action had each outcome."""
        result: dict[str, dict[str, int]] = {}
        with self._lock:
            for action, outcome, count in self._database.execute("SELECT * FROM counter ORDER BY 1, 2"):
                result.setdefault(action, {})[outcome] = count
        return result

    def clock_anchor(self) -> ClockAnchor | None:
        """Return where an earlier process left the clock."""
        document = self._fact("clock")
        return None if document is None else ClockAnchor(**document)

    def save_clock_anchor(self, anchor: ClockAnchor) -> None:
        """Keep the clock for the next process."""
        self._save_fact("clock", asdict(anchor))

    def url_secret(self) -> bytes:
        """Return the key that download URLs are signed with; made once."""
        secret = self._fact("url_secret")
        if secret is None:
            secret = secrets.token_hex(32)
            self._save_fact("url_secret", secret)
        return bytes.fromhex(secret)

    def clear(self) -> None:
        """Forget every task and every count."""
        with self._lock:
            self._tasks.clear()
            self._database.executescript("DELETE FROM task; DELETE FROM counter;")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _fact(self, name: str) -> Any:
        with self._lock:
            row = self._database.execute("SELECT document FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _save_fact(self, name: str, document: Any) -> None:
        with self._lock:
            self._database.execute(
                "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
                (name, json.dumps(document)),
            )


def _read_task(document: str) -> Task:
    fields = json.loads(document)
    forced = fields.pop("forced")
    return Task(**fields | {"kind": Kind(fields["kind"]), "forced": None if forced is None else Status(forced)})
