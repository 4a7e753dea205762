"""Mapped renders in a Dag run: each has its job, its XComs and its ledger entry, deferred and not."""

from __future__ import annotations

from pathlib import Path

import pytest

DAG_FILE = Path(__file__).parent / "dags" / "mapped_videos.py"
MAPPED = ("renamed", "over_a_list", "over_a_result")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["deferred", "not deferred"])
def test_each_mapped_render_has_a_job_and_results_of_its_own(
    how, omnihuman_airflow, connections, emulator, put, portrait_png, speech_wav, monkeypatch, tmp_path
):
    monkeypatch.setenv("MAPPED_VIDEOS", how)
    monkeypatch.setenv("MAPPED_VIDEOS_LEDGER", f"file://{tmp_path}")
    put("in/p.png", portrait_png)
    for number in (1, 2):
        put(f"in/{number}.wav", speech_wav(1.0 + number / 10))
    run = omnihuman_airflow.run(DAG_FILE)

    assert run.state == "success", run.task_states
    jobs = {job["task_id"]: job["body"] for job in emulator.jobs()}
    assert len(jobs) == 2 * len(MAPPED)
    seen = set()
    for task_id in MAPPED:
        for index in (0, 1):
            video = run.xcom(task_id, map_index=index)
            assert run.xcom(task_id, "task_id", map_index=index) == video["task_id"]
            assert f"in/{index + 1}.wav" in jobs[video["task_id"]]["audio_url"]
            assert video["request"]["audio_url"] == f"s3://omnihuman-tests/in/{index + 1}.wav"
            seen.add(video["task_id"])
    assert seen == set(jobs)
    assert [jobs[run.xcom("renamed", map_index=index)["task_id"]]["prompt"] for index in (0, 1)] == [
        "mood 0 of renamed",
        "mood 1 of renamed",
    ]
    archived = [run.xcom("archive", map_index=index)["task_id"] for index in (0, 1)]
    assert archived == [run.xcom("renamed", map_index=index)["task_id"] for index in (0, 1)]
