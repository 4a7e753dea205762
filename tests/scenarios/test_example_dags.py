"""The example Dags, all at once in one Airflow, as they are: each ends with archived videos, and each of those is proved."""

from __future__ import annotations

import time

import pytest

from airflow_provider_omnihuman.demo.beginnings import begin_run
from airflow_provider_omnihuman.demo.dag_run import ENDED
from airflow_provider_omnihuman.demo.results import archived_videos
from airflow_provider_omnihuman.demo.reviewer import Reviewer
from airflow_provider_omnihuman.demo.samples import put_samples
from airflow_provider_omnihuman.demo.verification import verified_all
from tests.conftest import PROJECT

pytestmark = pytest.mark.scenario
SHORT = "Short."
LINES = "- Mei: Short.\n- Marcus: Shorter."
# What differs from a Dag's own parameters, and how many videos it ends with.
EXAMPLES = {
    "script_to_avatar_video": ({"text": SHORT}, 1),
    "long_talk": ({}, 1),
    "two_person_dialogue": ({"script": LINES}, 1),
    "batch_from_csv": ({}, 3),
    "reviewed_daily_bulletin": ({"text": SHORT}, 1),
    "on_new_script": ({"text": SHORT}, 1),
    "singing_portrait": ({}, 1),
    "pet_and_anime": ({}, 2),
}
SCHEDULED = "reviewed_daily_bulletin"


@pytest.fixture(scope="module")
def runs(real_airflow):
    """A run of each, all at their ends."""
    put_samples(real_airflow.s3(), PROJECT / "dags")
    runs = {name: begin_run(real_airflow.stack, name, conf) for name, (conf, _) in EXAMPLES.items()}
    reviewers = [Reviewer(run) for run in runs.values()]
    deadline = time.monotonic() + 600
    while not all(run.state in ENDED for run in runs.values()):
        assert time.monotonic() < deadline, {name: run.state for name, run in runs.items()}
        real_airflow.stack.check()
        for reviewer in reviewers:
            reviewer.answer_what_is_asked()
        time.sleep(2)
    real_airflow.rest.call("PATCH", f"/dags/{SCHEDULED}", json={"is_paused": True})  # its next day is no scenario's
    return runs


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_ends_with_videos_that_are_what_their_manifests_say(real_airflow, runs, tmp_path, name):
    run = runs[name]
    real_airflow.see_success(run)

    videos = verified_all(archived_videos(run), real_airflow.s3(), tmp_path, name=name)

    assert len(videos) == EXAMPLES[name][1]
    assert all(video.poster for video in videos)
