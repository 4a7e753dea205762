"""How a run comes about: by a trigger, as from the UI, or by what its Dag waits for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.demo.dag_run import DagRun, known_dag, trigger
from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.script_queue import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_omnihuman.demo.stack import Stack

__all__ = ["begin_run", "check_parameters"]

SCRIPT = "Hello. I was written into a file a moment ago. Nobody pressed a button: the file itself has called me."


def begin_run(stack: Stack, dag_id: str, conf: dict[str, Any]) -> DagRun:
    """Return the Dag's run, once there is one.

    :param stack: where the Dag is.
    :param dag_id: the Dag.
    :param conf: what differs from its own parameters.
    """
    return _SELF_STARTING.get(dag_id, _by_trigger)(stack, dag_id, conf)


def _by_trigger(stack: Stack, dag_id: str, conf: dict[str, Any]) -> DagRun:
    known_dag(stack.rest, dag_id, check=stack.check)
    check_parameters(conf, set(stack.rest.dag_parameters(dag_id)), dag_id)
    return trigger(stack.rest, dag_id, conf, check=stack.check)


def _by_a_script(stack: Stack, dag_id: str, conf: dict[str, Any]) -> DagRun:
    """Write a script into the bucket; S3 tells the queue, the triggerer finds the message, the scheduler starts the Dag."""
    check_parameters(conf, {"text"}, dag_id)
    known_dag(stack.rest, dag_id, check=stack.check)
    before = set(stack.rest.run_ids(dag_id))
    body = str(conf.get("text", SCRIPT)).encode()
    stack.store.client().put_object(Bucket=BUCKET, Key=f"{PREFIX}hello.txt", Body=body, ContentType="text/plain")
    run_id = _awaited(lambda: set(stack.rest.run_ids(dag_id)) - before, f"run of {dag_id}", check=stack.check)
    return DagRun(stack.rest, dag_id, run_id, tuple(stack.rest.task_order(dag_id)))


_SELF_STARTING: dict[str, Callable[[Stack, str, dict[str, Any]], DagRun]] = {"on_new_script": _by_a_script}


def check_parameters(conf: dict[str, Any], known: set[str], dag_id: str) -> None:
    """Complain about what a Dag would take no notice of.

    :param conf: what was asked for.
    :param known: the names of the Dag's parameters.
    :param dag_id: the Dag.
    """
    if unknown := conf.keys() - known:
        raise DemoError(
            f"the Dag {dag_id} has no parameter {', '.join(sorted(unknown))}; it has: {', '.join(sorted(known)) or 'none'}"
        )


def _awaited(find: Callable[[], set[str]], what: str, *, check: Callable[[], None], within_s: float = 180.0) -> str:
    deadline = time.monotonic() + within_s
    while not (found := find()):
        check()
        if time.monotonic() > deadline:
            raise DemoError(f"there was no {what} within {within_s:.0f} s")
        time.sleep(0.5)
    return min(found)
