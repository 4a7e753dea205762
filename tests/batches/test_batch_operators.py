"""The operators of a batch: what they refuse before anything is paid, and what the report says of each end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.operators import batch_report
from airflow_provider_omnihuman.operators.batch import ReadRowsOperator
from airflow_provider_omnihuman.operators.batch_report import BatchReportOperator
from airflow_provider_omnihuman.task_groups.batch import batch_videos
from tests.conftest import BUCKET, PROJECT
from tests.task_context import TaskInstance, task_context

TABLE = "id,text,image_url\n1,Hello,s3://bucket/p.png\n"
TASKS = ("c.speech", "c.render", "c.archive")


def read(**arguments):
    return ReadRowsOperator(task_id="rows", **arguments).execute(task_context())


@dataclass
class ReportTask(TaskInstance):
    """The report's task, after all others: what Airflow knows of them."""

    states: dict[str, str] = field(default_factory=dict)
    pulled: dict[tuple[str, int, str], Any] = field(default_factory=dict)

    def get_task_states(self, *, dag_id, task_ids, run_ids):
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        return {self.run_id: {name: state for name, state in self.states.items() if name.rpartition("_")[0] in task_ids}}

    def xcom_pull(self, *, task_ids, key, map_indexes):
        return self.pulled.get((task_ids, map_indexes, key))


def report(ti, **arguments):
    rows = [{"id": f"r{n}", "number": n, "name": f"row {n}", "take_of": None, "problem": None} for n in (1, 2)]
    operator = BatchReportOperator(task_id="report", rows=rows, clip_task_ids=TASKS, **arguments)
    return operator, lambda: operator.execute({**task_context(), "ti": ti})


@pytest.fixture
def one_failed(monkeypatch):
    monkeypatch.setattr(batch_report, "_WORD_COMES_WITHIN_S", 0.0)
    states = {f"{task}_0": "success" for task in TASKS} | {
        "c.speech_1": "success",
        "c.render_1": "success",
        "c.archive_1": "failed",
    }
    made = {"uri": f"s3://{BUCKET}/a.mp4", "poster_uri": f"s3://{BUCKET}/none.jpg", "duration_s": 2.0, "billed_seconds": 2.0}
    request = {"estimated_seconds": 3.0, "estimated_cost": {"amount": 3.3, "currency": "CNY"}}
    pulled = {("c.archive", 0, "return_value"): {**made, "cost": None, "reused": False}, ("c.render", 1, "request"): request}
    return ReportTask(task_id="report", states=states, pulled=pulled)


@pytest.mark.parametrize(
    "source",
    [
        "t/table.csv",
        f"s3://{BUCKET}/t/table.csv",
        TABLE,
        '[{"id": "1", "text": "Hello", "image_url": "s3://bucket/p.png"}]',
        "http",
    ],
    ids=["a key", "a URL of S3", "the text itself", "one line of JSON", "a URL of the web"],
)
def test_a_table_is_read_wherever_it_is(source, connections, presigned):
    web = presigned("t/table.csv", TABLE.encode())
    (row,) = read(source=web if source == "http" else source)
    assert (row["id"], row["text"], row["problem"]) == ("1", "Hello", None)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("t/nothing.csv", f"there is no s3://{BUCKET}/t/nothing.csv"),
        (f"s3://{BUCKET}-x/t.csv", f"there is no s3://{BUCKET}-x/t.csv"),
        ("ftp://x/t.csv", "source must be an s3://bucket/key URI"),
        ("t/large.csv", "is larger than 8 MB"),
        ("web", "cannot be fetched: HTTP 404"),
    ],
)
def test_a_table_that_is_not_there_or_too_large_is_told(source, says, connections, presigned, put):
    put("t/large.csv", b"a" * (8 * 1024 * 1024 + 1))
    web = presigned("t/table.csv", b"").replace("table.csv", "gone.csv")
    with pytest.raises(AirflowFailException, match=says) as failure:
        read(source=web if source == "web" else source)
    assert "Signature=" not in str(failure.value)


def test_a_batch_has_either_a_source_or_rows():
    for arguments in ({}, {"source": TABLE, "rows": []}):
        with pytest.raises(AirflowFailException, match="either a source or rows"):
            read(**arguments)


def test_a_bad_row_does_not_fail_the_task_that_reads_it(logged):
    rows = read(source=TABLE + "2,,s3://bucket/p.png\n")
    assert [row["problem"] for row in rows] == [None, "row 2 (line 3): it has no text"]
    assert "nothing is paid for it: row 2 (line 3): it has no text" in logged()


def test_more_than_airflow_maps_over_is_refused_with_a_word_on_it(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "3")
    rows = [{"text": "a", "image_url": "s3://bucket/p.png"}] * 3
    assert len(read(rows=rows)) == 3
    with pytest.raises(AirflowFailException, match=r"more than 3 rows.*max_map_length"):
        read(rows=[*rows, *rows])
    with pytest.raises(AirflowFailException, match="the batch has 6 takes"):
        read(rows=rows, seeds=[1, 2])
    with pytest.raises(AirflowFailException, match=r"the rows have 2.\d MB together, and may have 2"):
        read(rows=[{"text": "a" * 1024 * 1024, "image_url": "s3://bucket/p.png"}] * 2)


def test_takes_of_a_row_differ_in_their_seeds_only():
    rows = read(source=TABLE, seeds=[4, 5])
    assert [(row["id"], row["take_of"], row["seed"]) for row in rows] == [("1-take1", "1", 4), ("1-take2", "1", 5)]


def test_a_presenter_that_is_not_there_fails_its_row_alone():
    folder = str(PROJECT / "dags" / "presenters")
    rows = [{"id": name, "text": "a", "presenter": name} for name in ("news_anchor", "nobody")]
    known, unknown = read(rows=rows, presenters_path=folder)
    assert known["problem"] is None
    assert "seed" not in known, "its presenter has one"
    assert unknown["problem"].startswith("row 2: there is no presenter")


def test_a_batch_whose_rows_were_not_read_has_no_report():
    operator = BatchReportOperator(task_id="report", rows=None, clip_task_ids=TASKS)
    with pytest.raises(AirflowFailException, match="the task that reads them has failed"):
        operator.execute(task_context())


def test_the_report_tells_what_was_paid_for_and_is_not_there(connections, omnihuman_s3, one_failed):
    _, run = report(one_failed, fail_if="all", s3_key="r/")
    facts = run()
    assert facts["report_uri"] == f"s3://{BUCKET}/r/report.html"
    assert (facts["rendered"], facts["failed"], facts["billed_seconds"]) == (1, 1, 5.0)
    assert facts["lost_cost"] == [{"amount": 3.3, "currency": "CNY"}]
    assert facts["contact_sheet_uri"] is None, "the only poster cannot be read, and that fails nothing"
    (failure,) = facts["failures"]
    assert failure["task"] == "c.archive"
    assert "its process was killed" in failure["message"]
    document = json.loads(omnihuman_s3.get(facts["json_uri"]))
    assert document["rows"][1]["failure"]["advice"] == "see the log of that task"


def test_a_failed_row_fails_the_report_once_it_is_written(connections, omnihuman_s3, one_failed):
    one_failed.pulled["c.archive", 1, "failure"] = {"message": "S3 refuses", "advice": "grant it", "code": None, "error": "E"}
    operator, run = report(one_failed, s3_key="r/today.html")
    with pytest.raises(
        AirflowFailException, match=r"1 of 2 rows failed; the report is s3://.*/r/today.html; the first: S3 refuses"
    ):
        run()
    assert b"S3 refuses" in omnihuman_s3.get("r/today.html")
    assert one_failed.xcoms["return_value"]["failed"] == 1
    assert operator.linked.uris["report"].endswith("/r/today.html")
    report(one_failed, fail_if="never")[1]()


def test_a_report_fails_where_all_rows_failed(connections, one_failed):
    one_failed.states["c.archive_0"] = "failed"
    with pytest.raises(AirflowFailException, match="2 of 2 rows failed"):
        report(one_failed, fail_if="all")[1]()
    report(one_failed, fail_if="never")[1]()


def test_a_label_names_a_row_by_its_own_id_and_never_by_its_place():
    from airflow.sdk import DAG
    from jinja2 import Template

    def label(index, *rows):
        ti = TaskInstance(map_index=index)
        ti.xcom_pull = lambda **_: read(rows=[{"text": "Hi", "image_url": "s3://bucket/p.png", **row} for row in rows])
        return Template(template).render(ti=ti)

    with DAG("d", schedule=None) as dag:
        batch_videos(rows=[{"text": "a"}], aigc_meta={"content_propagator": "p"})
    template = dag.get_task("batch.clips.render").aigc_meta["producer_id"]
    assert label(0, {"id": "anna"}) == "a_dag/anna/{content_id}"
    assert label(0, {"name": "Anna"}) == label(1, {"name": "Zoe"}, {"name": "Anna"}) == "a_dag/row/{content_id}"


def test_a_batch_that_nobody_understands_is_refused_when_the_dag_is_read():
    with pytest.raises(ValueError, match="fail_if must be one of any, all, never, not 'some'"):
        BatchReportOperator(task_id="report", rows=[], clip_task_ids=TASKS, fail_if="some")


def test_a_callback_of_the_author_is_called_beside_ours():
    from airflow.sdk import DAG

    def mine(context):
        """The author's."""

    with DAG("d", schedule=None) as dag:
        batch_videos(rows=[{"text": "a"}], render={"on_failure_callback": mine}, concurrency=3)
        batch_videos(rows=[{"audio_url": "s3://bucket/a.wav"}], speak=False, group_id="given")
    render = dag.get_task("batch.clips.render")
    assert [callback.__name__ for callback in render.on_failure_callback] == ["leave_word", "mine"]
    assert (render.pool, render.max_active_tis_per_dagrun) == ("omnihuman", 3)
    assert dag.get_task("given.report").clip_task_ids == ["given.clips.render", "given.clips.archive"]
