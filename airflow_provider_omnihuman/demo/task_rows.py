"""What to show of a run's tasks: a row each, and one for all copies of a task that is mapped over many."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.demo.progress import LOOKS, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["task_rows"]

_MANY = 3
"""As many copies of a task have a row each, or the table would not fit a terminal."""
# Of many, the one that a person would ask about.
_TELLING = (
    "failed",
    "upstream_failed",
    "up_for_retry",
    "running",
    "restarting",
    "deferred",
    "awaiting_input",
    "up_for_reschedule",
)


def task_rows(
    tasks: Sequence[dict[str, Any]], *, while_deferred: str, said: Mapping[str, str] | None = None, now: datetime | None = None
) -> list[Row]:
    """Return what to show of the tasks.

    :param tasks: as the REST API tells of them, copies of the same task side by side.
    :param while_deferred: what is known of that which deferred tasks wait for.
    :param said: what a person has said, by task.
    :param now: the present time.
    """
    now, said = now or datetime.now(UTC), said or {}
    rows = []
    for task_id, group in groupby(tasks, key=lambda task: str(task["task_id"])):
        copies = list(group)
        detail = said.get(task_id, "")
        if len(copies) > _MANY:
            rows.append(_one_for_all(task_id, copies, while_deferred, now))
        else:
            rows += [_row(task, detail or while_deferred, detail, now) for task in copies]
    return rows


def _row(task: dict[str, Any], while_deferred: str, detail: str, now: datetime) -> Row:
    return Row(
        task["task_id"] if task["map_index"] < 0 else f"{task['task_id']} [{task['map_index']}]",
        task["state"] or "waiting",
        elapsed_s=_elapsed_s([task], now),
        tries=task["try_number"],
        detail=while_deferred if task["state"] == "deferred" else detail,
    )


def _one_for_all(task_id: str, copies: Sequence[dict[str, Any]], while_deferred: str, now: datetime) -> Row:
    states = Counter(str(task["state"] or "waiting") for task in copies)
    order = {state: rank for rank, state in enumerate(dict.fromkeys((*_TELLING, *LOOKS)))}
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) if len(states) > 1 else ""
    return Row(
        f"{task_id} [{len(copies)}]",
        min(states, key=lambda state: order.get(state, len(order))),
        elapsed_s=_elapsed_s(copies, now),
        tries=max(task["try_number"] for task in copies),
        detail="; ".join(filter(None, (counted, while_deferred if "deferred" in states else ""))),
    )


def _elapsed_s(tasks: Sequence[dict[str, Any]], now: datetime) -> float | None:
    begun = [datetime.fromisoformat(task["start_date"]) for task in tasks if task["start_date"]]
    if not begun:
        return None
    ends = [datetime.fromisoformat(task["end_date"]) if task["end_date"] else now for task in tasks if task["start_date"]]
    return (max(ends) - min(begun)).total_seconds()
