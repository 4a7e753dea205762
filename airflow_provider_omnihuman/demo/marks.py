"""Finds and ends every process that belongs to a run, by a mark in its environment.

Airflow's task runners leave the process group of their service, and a task may start a session of its own:
neither a pid nor a group reaches them all. The environment is inherited by all of them.
"""

from __future__ import annotations

import time

import psutil

RUN_MARK = "OMNIHUMAN_DEMO_RUN"
SERVICE_MARK = "OMNIHUMAN_DEMO_SERVICE"
# setproctitle, which Airflow uses, writes over the environment that /proc shows unless this is set
# (https://github.com/dvarrazzo/py-setproctitle#environment-variables).
KEEP_ENVIRONMENT_READABLE = {"SPT_NOENV": "1"}


def marks_of(run_id: str, service: str) -> dict[str, str]:
    """Return the environment that marks a process and all its descendants."""
    return {RUN_MARK: run_id, SERVICE_MARK: service, **KEEP_ENVIRONMENT_READABLE}


def marked_processes(run_id: str, service: str | None = None) -> list[psutil.Process]:
    """Return the living processes of a run.

    :param run_id: the run's mark.
    :param service: only this service's; all of them when ``None``.
    """
    return [process for process in psutil.process_iter() if _is_marked(process, run_id, service)]


def _is_marked(process: psutil.Process, run_id: str, service: str | None) -> bool:
    try:
        environment = process.environ()
    except (psutil.Error, OSError):  # gone, a zombie, or another user's
        return False
    return environment.get(RUN_MARK) == run_id and service in {None, environment.get(SERVICE_MARK)}


def kill_marked(run_id: str, service: str | None = None, *, within_s: float = 10.0) -> list[psutil.Process]:
    """Kill the processes of a run until none is found, and return those that would not die.

    One look is not enough: a process may fork between being seen and being killed.
    """
    deadline = time.monotonic() + within_s
    while remaining := marked_processes(run_id, service):
        if time.monotonic() > deadline:
            break
        for process in remaining:
            _kill(process)
        time.sleep(0.05)  # not psutil's wait: it would take the exit code of our own children from us
    return remaining


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:  # already gone
        return
