"""A task's context for operators that are executed without a scheduler: what Airflow passes, held in memory.

Airflow's own behaviour (deferral, XCom, retries) is tested by running Dags; here an operator's own is.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TaskInstance:
    dag_id: str = "a_dag"
    run_id: str = "manual__2026-01-01T00:00:00+00:00"
    task_id: str = "a_task"
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0
    task: Any = None
    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        assert key not in self.xcoms, f"XCom {key!r} is pushed twice"
        self.xcoms[key] = value

    def xcom_pull(self, *, task_ids: str, key: str, map_indexes: int) -> Any:
        assert (task_ids, map_indexes) == (self.task_id, self.map_index)
        return self.xcoms.get(key)


@dataclass
class OutletEvents:
    added: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def add(self, asset: Any, extra: dict[str, Any]) -> None:
        self.added.append((asset, extra))


@dataclass
class TaskState:
    """Airflow 3.3's task state: JSON goes in and out, and it outlives the tries of a task."""

    values: dict[str, str] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any) -> None:
        assert value is not None
        self.values[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def task_context(*, state: TaskState | None = None, **fields: Any) -> dict[str, Any]:
    """Return the context of one try; ``state`` is handed from try to try, where Airflow has a task state store."""
    stores = {} if state is None else {"task_state_store": state}
    return {"ti": TaskInstance(**fields), "outlet_events": defaultdict(OutletEvents), **stores}
