"""What stands for Airflow's task instance where an operator's code runs for a person at a terminal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["CommandLineTask", "command_line_context"]

_DAG = "command-line"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLineTask:
    """A task instance of no Dag: what it pushes, nobody reads.

    :param run_id: what takes the place of the run
    :param task_id: what takes the place of the task
    """

    run_id: str
    task_id: str
    dag_id: str = _DAG
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0

    def xcom_push(self, key: str, value: Any) -> None:
        """Forget it: the command's answer tells it."""

    def xcom_pull(self, **_: Any) -> None:
        """There was no try before."""


class _NoEvents:
    """Takes the asset events of an operator: there is no run that could emit them."""

    def __init__(self) -> None:
        self.extra: dict[str, Any] = {}

    def add(self, asset: Any, extra: dict[str, Any] | None = None) -> None:
        """Forget it."""


def command_line_context(command: str) -> dict[str, Any]:
    """Return the context for an operator's code.

    :param command: that runs it
    """
    run = f"{command}-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
    return {"ti": CommandLineTask(run_id=run, task_id=command), "outlet_events": defaultdict(_NoEvents)}
