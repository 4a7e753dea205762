"""Finds what a run has made: in what its last tasks have returned, or, of videos, those before them that returned one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_omnihuman.demo.dag_run import DagRun

__all__ = ["archived_videos", "report_uris"]


def archived_videos(run: DagRun) -> list[dict[str, Any]]:
    """Return the facts of each archived video that stands at the end of the Dag, each video once.

    A last task that tells of no video (it notifies, it reports) passes the question on to those it came after.

    :param run: a run that has ended.
    """
    later, indices = run.rest.downstream_tasks(run.dag_id), _successes(run)
    asked, found = set(), []
    tasks = [task_id for task_id, after in later.items() if not after]
    while tasks:
        unanswered = set()
        for task_id in tasks:
            videos = [facts for index in indices.get(task_id, []) for facts in _facts(run.returned(task_id, map_index=index))]
            found += videos
            if not videos:
                unanswered.add(task_id)
        asked.update(tasks)
        tasks = [task_id for task_id, after in later.items() if unanswered & set(after) and task_id not in asked]
    return list({facts["uri"]: facts for facts in found}.values())


def report_uris(run: DagRun) -> list[str]:
    """Return where the reports are that the last tasks of the Dag have written.

    :param run: a run that has ended.
    """
    later, indices = run.rest.downstream_tasks(run.dag_id), _successes(run)
    last = [(task_id, index) for task_id, after in later.items() if not after for index in indices.get(task_id, [])]
    told = [run.returned(task_id, map_index=index) for task_id, index in last]
    return [facts["report_uri"] for facts in told if isinstance(facts, dict) and facts.get("report_uri")]


def _successes(run: DagRun) -> dict[str, list[int]]:
    """Return the map indices of each task that has succeeded."""
    indices: dict[str, list[int]] = {}
    for task in run.tasks():
        if task["state"] == "success":
            indices.setdefault(task["task_id"], []).append(task["map_index"])
    return indices


def _facts(returned: Any) -> Iterator[dict[str, Any]]:
    if isinstance(returned, list):
        for item in returned:
            yield from _facts(item)
    elif isinstance(returned, dict) and returned.get("uri") and returned.get("manifest_uri"):
        yield returned
