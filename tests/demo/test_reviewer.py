"""The reviewer whom the demo plays."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.dag_run import DagRun
from airflow_provider_omnihuman.demo.reviewer import Reviewer
from tests.demo.served import served


def question(options):
    task = {"dag_id": "story", "dag_run_id": "one", "task_id": "review", "map_index": -1}
    return {"task_instance": task, "subject": "Good?", "options": options, "params": {"note": {"value": "as it is"}}}


@pytest.mark.parametrize(
    ("options", "said"), [(["Reject", "Approve"], "Approve"), (["Take one", "Take two"], "Take one"), (["Publish"], "Publish")]
)
def test_a_question_is_answered_with_a_yes_or_what_comes_first(options, said):
    with served({"/dags/story/dagRuns/one/hitlDetails": {"hitl_details": [question(options)]}}) as (rest, sent):
        reviewer = Reviewer(DagRun(rest, "story", "one", ("review",)))
        reviewer.answer_what_is_asked()

    ((path, answer),) = sent
    assert path == "/dags/story/dagRuns/one/taskInstances/review/-1/hitlDetails"
    assert answer == {"chosen_options": [said], "params_input": {"note": "as it is"}}
    assert said in reviewer.said["review"]


def test_where_nothing_is_asked_nothing_is_said():
    with served({"/dags/story/dagRuns/one/hitlDetails": {"hitl_details": []}}) as (rest, sent):
        reviewer = Reviewer(DagRun(rest, "story", "one", ()))
        reviewer.answer_what_is_asked()

    assert sent == []
    assert reviewer.said == {}
