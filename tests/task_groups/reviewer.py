"""A reviewer for Dags that run by ``dag.test()``: answers as Airflow's REST API does, from beside the run."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

NOBODY = None
ANNA = SimpleNamespace(get_id=lambda: "anna", get_name=lambda: "Anna")


@contextmanager
def answering(**answers: Any) -> Iterator[dict[str, str]]:
    """Answer the questions of tasks, by their name: an option and a note; where it is ``NOBODY``, the time runs out.

    Yields the bodies of the questions that were asked.
    """
    asked: dict[str, str] = {}
    over = threading.Event()
    reviewer = threading.Thread(target=_answer_until, args=(over, answers, asked), daemon=True)
    reviewer.start()
    try:
        yield asked
    finally:
        over.set()
        reviewer.join()


def _answer_until(over: threading.Event, answers: dict[str, Any], asked: dict[str, str]) -> None:
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import select

    while not over.wait(0.2):
        with _told_to_the_run(), create_session() as session:
            for question in session.scalars(select(HITLDetail)):
                task = question.task_instance
                name = task.task_id.rpartition(".")[2]
                if task.state != "awaiting_input":
                    continue
                assert name in answers, f"{name} asks: {question.subject}"
                asked[name] = question.body
                # Answered, and waiting still: dag.test() has written its own, older state over that of the answer.
                if answers[name] is NOBODY or question.response_received:
                    _let_time_run_out(task, session)
                else:
                    _answer(task, *answers[name], session=session)


@contextmanager
def _told_to_the_run() -> Iterator[None]:
    """Interrupt the run, which would wait for an answer for ever."""
    try:
        yield
    except Exception:
        _thread.interrupt_main()
        raise


def _answer(task: Any, option: str, note: str, *, session: Any) -> None:
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail

    payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={"note": note})
    update_hitl_detail(task.dag_id, task.run_id, task.task_id, payload, ANNA, session, task.map_index)


def _let_time_run_out(task: Any, session: Any) -> None:
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.timezone import utcnow

    task.trigger_timeout = utcnow()
    session.flush()
    SchedulerJobRunner(job=Job()).check_awaiting_input_timeouts(session=session)
