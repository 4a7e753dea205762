"""How a run comes about: by a trigger, as from the UI, or by what its Dag waits for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow_provider_omnihuman.demo.dag_run import DagRun, failure_of, known_dag, trigger
from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.script_queue import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_omnihuman.demo.stack import Stack

__all__ = ["begin_run", "check_parameters", "files_of"]

SCRIPT = "Hello. I was written into a file a moment ago. Nobody pressed a button: the file itself has called me."
MAKES_A_VIDEO = "script_to_avatar_video"

Show: TypeAlias = "Callable[[DagRun], None]"


def files_of(dag_id: str) -> str:
    """Return the names of the Dag files that a run needs.

    :param dag_id: the Dag.
    """
    needed = [MAKES_A_VIDEO, dag_id] if dag_id == "on_new_video" else [dag_id]
    return ",".join(f"{name}.py" for name in needed)


def begin_run(stack: Stack, dag_id: str, conf: dict[str, Any], *, show: Show = lambda _: None) -> DagRun:
    """Return the Dag's run, once there is one.

    :param stack: where the Dag is.
    :param dag_id: the Dag.
    :param conf: what differs from its own parameters.
    :param show: called about once a second with a run of another Dag that must come before, while there is one.
    """
    if dag_id == "on_new_script":
        return _by_a_script(stack, dag_id, conf)
    if dag_id == "on_new_video":
        return _by_a_video(stack, dag_id, conf, show)
    return _by_trigger(stack, dag_id, conf)


def _by_trigger(stack: Stack, dag_id: str, conf: dict[str, Any]) -> DagRun:
    known_dag(stack.rest, dag_id, check=stack.check)
    check_parameters(conf, set(stack.rest.dag_parameters(dag_id)), dag_id)
    return trigger(stack.rest, dag_id, conf, check=stack.check)


def _by_a_script(stack: Stack, dag_id: str, conf: dict[str, Any]) -> DagRun:
    """Write a script into the bucket; S3 tells the queue, the triggerer finds the message, the scheduler starts the Dag."""
    check_parameters(conf, {"text"}, dag_id)
    before = _waiting(stack, dag_id)
    body = str(conf.get("text", SCRIPT)).encode()
    stack.store.client().put_object(Bucket=BUCKET, Key=f"{PREFIX}hello.txt", Body=body, ContentType="text/plain")
    return _next_run(stack, dag_id, before)


def _by_a_video(stack: Stack, dag_id: str, conf: dict[str, Any], show: Show) -> DagRun:
    """Have another Dag archive a video; its asset event starts this one."""
    before = _waiting(stack, dag_id)
    video = _by_trigger(stack, MAKES_A_VIDEO, conf)
    if video.wait(show, check=stack.check) != "success":
        raise failure_of(video)
    return _next_run(stack, dag_id, before)


def _waiting(stack: Stack, dag_id: str) -> set[str]:
    """See to it that the Dag waits for what starts it, and return the runs that it has."""
    if known_dag(stack.rest, dag_id, check=stack.check)["is_paused"]:
        stack.rest.unpause(dag_id)
    return set(stack.rest.run_ids(dag_id))


def _next_run(stack: Stack, dag_id: str, before: set[str], *, within_s: float = 180.0) -> DagRun:
    deadline = time.monotonic() + within_s
    while not (new := set(stack.rest.run_ids(dag_id)) - before):
        stack.check()
        if time.monotonic() > deadline:
            raise DemoError(f"nothing has started {dag_id} within {within_s:.0f} s")
        time.sleep(0.5)
    return DagRun(stack.rest, dag_id, min(new), tuple(stack.rest.task_order(dag_id)))


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
