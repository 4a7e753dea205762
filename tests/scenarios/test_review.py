"""A person's yes, in a real Airflow: asked by REST, rendered again after a no, published after a yes, or after silence."""

from __future__ import annotations

import time

import pytest

from airflow_provider_omnihuman.demo.object_store import BUCKET

pytestmark = pytest.mark.scenario
FOR_GOOD = "public, max-age=31536000, immutable"


READS_FOR_S = 8.0
"""Nobody answers at once: Airflow may fail a task that is resumed before the process that asked is reaped."""


def question(airflow, run, task_id, *, within_s=180.0):
    """Return the question, once it waits and has been read."""
    deadline = time.monotonic() + within_s
    while True:
        for asked in airflow.rest.pending_questions(run.dag_id, run.run_id):
            task = asked["task_instance"]
            if task["task_id"] == task_id and task["state"] in {"awaiting_input", "deferred"}:
                time.sleep(READS_FOR_S)
                return asked
        assert time.monotonic() < deadline, {task["task_id"]: task["state"] for task in run.tasks()}
        time.sleep(0.3)


def renders_of(airflow, run):
    """The bodies that the service was sent for this run, in the order of their seeds."""
    bodies = [job["body"] for job in airflow.emulator_state()["jobs"] if run.run_id in (job["body"].get("prompt") or "")]
    return sorted(bodies, key=lambda body: body["seed"])


def served(airflow, uri):
    place = {"Bucket": BUCKET, "Key": uri.removeprefix(f"s3://{BUCKET}/")}
    found = airflow.s3().head_object(**place)
    return found["ContentType"], found["CacheControl"]


def test_a_no_is_rendered_again_with_its_note_and_a_yes_is_published(real_airflow):
    unanswered = real_airflow.trigger("scenario_review_unanswered")
    run = real_airflow.trigger("scenario_review")

    first = question(real_airflow, run, "film.review_1")
    assert first["options"] == ["Approve", "Reject"]
    assert "X-Amz" not in first["body"]
    real_airflow.rest.answer(first, "Reject", note="Look up")
    real_airflow.rest.answer(question(real_airflow, run, "film.review_2"), "Approve")
    real_airflow.see_success(run)

    bodies = renders_of(real_airflow, run)
    before = f"scenario_review {run.run_id}"
    assert [(body["seed"], body["prompt"]) for body in bodies] == [(7, before), (8, f"{before}. Look up")]
    facts = run.xcom("film.publish")
    assert facts["archived_uri"] == run.xcom("film.round_2.archive")["uri"]
    assert served(real_airflow, facts["uri"]) == ("video/mp4", FOR_GOOD)
    assert served(real_airflow, facts["poster_uri"]) == ("image/jpeg", FOR_GOOD)
    assert (facts["review"]["reviewer"], facts["review"]["answered"]) == (real_airflow.credentials.user, True)

    real_airflow.see_success(unanswered)  # with nobody there
    facts = unanswered.xcom("film.publish")
    assert (facts["review"]["approved"], facts["review"]["answered"]) == (True, False)
    assert "Nobody answered within 10 s: the video is approved by default" in unanswered.log("film.review_1")
    assert len(renders_of(real_airflow, unanswered)) == 1
