"""A batch in a Dag run: a bad row fails alone and is told of, what did not change is paid for once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DAG_FILE = Path(__file__).parent / "dags" / "batch.py"
PHOTO = "s3://omnihuman-tests/in/p.png"
HEADER, ANNA = "id,name,Photo\n", f"anna,Anna & {{{{ 7 * 7 }}}},{PHOTO}\n"


@pytest.mark.timeout(300)
def test_a_bad_row_fails_alone_and_a_second_run_renders_what_changed_only(
    omnihuman_airflow, omnihuman_s3, connections, emulator, portrait_png
):
    emulator.set_speed(10_000)
    omnihuman_s3.put("in/p.png", portrait_png)

    def run(*rows: str):
        omnihuman_s3.put("in/customers.csv", "".join([HEADER, *rows]).encode())
        finished = omnihuman_airflow.run(DAG_FILE)
        return finished, finished.xcom("batch.report")

    first, report = run(ANNA, f"ben,,{PHOTO}\n")
    assert first.task_states == {
        "batch.rows": "success",
        **{f"batch.clips.{name}[0]": "success" for name in ("speech", "render", "archive")},
        "batch.clips.speech[1]": "failed",
        "batch.clips.render[1]": "upstream_failed",
        "batch.clips.archive[1]": "upstream_failed",
        "batch.report": "failed",
    }
    assert first.state == "failed", "a run with a failed row is no success"
    assert emulator.accepted() == 1
    assert first.xcom("batch.clips.speech", map_index=0)["characters"] == len("Hello Anna & {{ 7 * 7 }}.")
    assert {name: report[name] for name in ("rows", "rendered", "reused", "failed")} == {
        "rows": 2,
        "rendered": 1,
        "reused": 0,
        "failed": 1,
    }
    (failure,) = report["failures"]
    assert (failure["id"], failure["number"], failure["task"]) == ("ben", 2, "batch.clips.speech")
    assert failure["message"].startswith("row 2 (line 3): script cannot be filled in: column 'name' is empty: ")
    assert failure["message"].endswith("{{ name | default('…') }}")
    assert failure["advice"] == "nothing was paid for it: mend the row, and run the batch again"

    second, report = run(ANNA, f"ben,Ben,{PHOTO}\n")
    assert second.state == "success"
    assert emulator.accepted() == 2, "Anna's video did not change, and is not paid for again"
    assert {name: report[name] for name in ("rendered", "reused", "failed")} == {"rendered": 1, "reused": 1, "failed": 0}
    document = json.loads(omnihuman_s3.get(report["json_uri"]))
    reused, rendered = document["rows"]
    assert [row["state"] for row in document["rows"]] == ["reused", "rendered"]
    assert reused["billed_seconds"] == 0
    assert reused["uri"] == first.xcom("batch.clips.archive", map_index=0)["uri"]
    page = omnihuman_s3.get(report["report_uri"]).decode()
    assert "Greetings &lt;for&gt; all" in page
    assert page.count("data:image/jpeg;base64,") == 2
    assert rendered["uri"].replace("s3://omnihuman-tests", "https://videos.example.com") in page
    assert omnihuman_s3.get(report["contact_sheet_uri"]).startswith(b"\xff\xd8")
    label = json.loads(omnihuman_s3.get(rendered["manifest_uri"]))["aigc_label"]["requested"]
    assert label["content_propagator"] == "my-channel"
    assert label["producer_id"].startswith("batch/ben/"), "the same in each run, or nothing would be reused"
    assert second.xcom("batch.report", "_link_ReportLink").endswith("/report.html")
