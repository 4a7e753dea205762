"""What a person sees of many tasks."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow_provider_omnihuman.demo.task_rows import task_rows

NOW = datetime(2026, 1, 1, 12, 1, tzinfo=UTC)


def task(task_id, state, *, index=-1, begun="2026-01-01T12:00:00Z", ended=None, tries=1):
    return {"task_id": task_id, "map_index": index, "state": state, "start_date": begun, "end_date": ended, "try_number": tries}


def test_few_tasks_have_a_row_each():
    tasks = [task("speech", "success", ended="2026-01-01T12:00:05Z"), task("render", "deferred", index=0), task("archive", None)]

    rows = task_rows(tasks, while_deferred="the service says: generating", now=NOW)

    assert [(row.name, row.state, row.elapsed_s, row.detail) for row in rows] == [
        ("speech", "success", 5.0, ""),
        ("render [0]", "deferred", 60.0, "the service says: generating"),
        ("archive", "waiting", 60.0, ""),
    ]


def test_a_task_that_has_not_begun_has_taken_no_time():
    (row,) = task_rows([task("archive", None, begun=None)], while_deferred="", now=NOW)
    assert row.elapsed_s is None


def test_many_copies_of_a_task_share_a_row_that_counts_them():
    tasks = [task("render", "success", index=index, ended="2026-01-01T12:00:30Z") for index in range(10)]
    tasks += [task("render", "deferred", index=10), task("render", "queued", index=11, begun=None, tries=2)]

    (row,) = task_rows(tasks, while_deferred="2 generating", now=NOW)

    assert (row.name, row.state, row.elapsed_s, row.tries) == ("render [12]", "deferred", 60.0, 2)
    assert row.detail == "1 deferred, 1 queued, 10 success; 2 generating"


def test_of_many_the_failed_one_is_told():
    tasks = [task("render", state, index=index) for index, state in enumerate(["success", "running", "failed", "deferred"])]
    (row,) = task_rows(tasks, while_deferred="", now=NOW)
    assert row.state == "failed"


def test_what_a_reviewer_has_said_stands_beside_the_question():
    (row,) = task_rows([task("review", "success")], while_deferred="", said={"review": "Approve"}, now=NOW)
    assert row.detail == "Approve"
