"""The reviewer whom the demo plays."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.dag_run import DagRun
from airflow_provider_omnihuman.demo.reviewer import Reviewer
from tests.demo.served import served

QUESTIONS = "/dags/story/dagRuns/one/hitlDetails"


def question(options, *, state="awaiting_input"):
    task = {"id": "a1", "dag_id": "story", "dag_run_id": "one", "task_id": "review", "map_index": -1, "state": state}
    return {"task_instance": task, "subject": "Good?", "options": options, "params": {"note": {"value": "as it is"}}}


def reviewed(rest, *, at_s):
    """Let a reviewer look at these times; return what was said."""
    times = iter(at_s)
    reviewer = Reviewer(DagRun(rest, "story", "one", ("review",)), clock=lambda: next(times))
    for _ in at_s:
        reviewer.answer_what_is_asked()
    return reviewer.said


@pytest.mark.parametrize(
    ("options", "said"), [(["Reject", "Approve"], "Approve"), (["Take one", "Take two"], "Take one"), (["Publish"], "Publish")]
)
def test_a_question_is_answered_with_a_yes_or_what_comes_first(options, said):
    with served({QUESTIONS: {"hitl_details": [question(options)]}}) as (rest, sent):
        told = reviewed(rest, at_s=[0.0, 3.0])

    ((path, answer),) = sent
    assert path == "/dags/story/dagRuns/one/taskInstances/review/-1/hitlDetails"
    assert answer == {"chosen_options": [said], "params_input": {"note": "as it is"}}
    assert said in told["review"]


def test_a_question_is_looked_at_before_it_is_answered():
    with served({QUESTIONS: {"hitl_details": [question(["Approve"])]}}) as (rest, sent):
        assert reviewed(rest, at_s=[0.0, 1.0, 2.9]) == {}
    assert sent == []


def test_a_question_of_a_task_that_has_not_ended_its_process_is_left_alone():
    """Airflow kills the process whose question is answered: "the task shouldn't be running anymore"."""
    with served({QUESTIONS: {"hitl_details": [question(["Approve"], state="running")]}}) as (rest, sent):
        assert reviewed(rest, at_s=[0.0, 60.0]) == {}
    assert sent == []


def test_where_nothing_is_asked_nothing_is_said():
    with served({QUESTIONS: {"hitl_details": []}}) as (rest, sent):
        assert reviewed(rest, at_s=[0.0, 60.0]) == {}
    assert sent == []
