"""The videos at the end of a Dag are found wherever its last tasks leave them."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.dag_run import DagRun
from airflow_provider_omnihuman.demo.results import archived_videos, report_uris
from tests.demo.served import served


def facts(name):
    return {"uri": f"s3://b/{name}.mp4", "manifest_uri": f"s3://b/{name}.json", "task_id": name}


def found(graph, instances):
    """Return the names of the videos of a run, as :func:`told` tells of it."""
    return [video["task_id"] for video in told(graph, instances, archived_videos)]


def told(graph, instances, ask):
    """Return what is found of a run.

    :param graph: each task's next ones
    :param instances: task, map index, state and what was returned
    :param ask: the question
    """
    at = "/dags/story/dagRuns/one/taskInstances"
    documents = {
        "/dags/story/tasks": {"tasks": [{"task_id": task, "downstream_task_ids": later} for task, later in graph.items()]},
        at: {"task_instances": [{"task_id": task, "map_index": index, "state": state} for task, index, state, _ in instances]},
    }
    for task, index, _, returned in instances:
        if returned is not None:
            path = f"{at}/{task}/xcomEntries/return_value"
            documents[path if index < 0 else f"{path}?map_index={index}"] = {"value": returned}
    with served(documents) as (rest, _):
        return ask(DagRun(rest, "story", "one", tuple(graph)))


def test_the_last_task_tells():
    graph = {"speech": ["archive"], "archive": []}
    assert found(graph, [("speech", -1, "success", {"uri": "s3://b/a.mp3"}), ("archive", -1, "success", facts("1"))]) == ["1"]


def test_clips_of_a_film_are_no_results():
    graph = {"clips": ["join"], "join": []}
    instances = [("clips", 0, "success", facts("1")), ("clips", 1, "success", facts("2")), ("join", -1, "success", facts("film"))]
    assert found(graph, instances) == ["film"]


@pytest.mark.parametrize("returned", [None, {"uri": "s3://b/report.html"}, "told"])
def test_a_last_task_that_tells_of_no_video_passes_the_question_on(returned):
    graph = {"clips": ["report"], "report": ["notify"], "notify": []}
    instances = [
        ("clips", 0, "success", facts("1")),
        ("clips", 1, "success", facts("2")),
        ("report", -1, "success", returned),
        ("notify", -1, "success", None),
    ]
    assert found(graph, instances) == ["1", "2"]


def test_what_was_skipped_or_failed_tells_nothing():
    graph = {"archive": []}
    instances = [("archive", 0, "success", facts("1")), ("archive", 1, "skipped", None), ("archive", 2, "failed", facts("3"))]
    assert found(graph, instances) == ["1"]


def test_a_list_of_videos_is_several_and_each_is_there_once():
    graph = {"archive": ["a", "b"], "a": [], "b": []}
    instances = [
        ("archive", -1, "success", facts("0")),
        ("a", -1, "success", [facts("1"), facts("2")]),
        ("b", -1, "success", facts("1")),
    ]
    assert sorted(found(graph, instances)) == ["1", "2"]


def test_no_video_at_all_is_an_empty_list():
    assert found({"speech": []}, [("speech", -1, "success", {"uri": "s3://b/a.mp3"})]) == []


def test_the_report_of_a_last_task_is_found():
    graph = {"clips": ["report"], "report": []}
    instances = [
        ("clips", 0, "success", facts("1")),
        ("clips", 1, "failed", None),
        ("report", -1, "success", {"report_uri": "s3://b/report.html", "json_uri": "s3://b/report.json"}),
    ]
    assert told(graph, instances, report_uris) == ["s3://b/report.html"]
    assert told({"clips": []}, instances[:2], report_uris) == []
