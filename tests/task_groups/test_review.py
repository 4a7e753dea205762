"""A person's yes: what is asked, what each answer leads to, and what no answer does."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import DAG

from airflow_provider_omnihuman.task_groups.review import reviewed_video
from tests.conftest import BUCKET
from tests.task_groups.reviewer import NOBODY, answering

DAG_FILE = Path(__file__).parent / "dags" / "reviewed.py"
FIRST = {"reviewed.round_1.render", "reviewed.round_1.archive", "reviewed.review_1"}
SECOND = {"reviewed.round_2.render", "reviewed.round_2.archive", "reviewed.review_2"}
STILL = {"reviewed.still", "reviewed.review_still"}
PUBLISH = {"reviewed.publish"}


@pytest.fixture
def run(omnihuman_airflow, connections, emulator, put, portrait_png, speech_wav):
    """Run the Dag while somebody answers, or nobody; return the run, the ids of its tasks by state, and what was asked."""
    put("in/p.png", portrait_png)
    put("in/a.wav", speech_wav(1.0))
    emulator.set_speed(10_000)

    def run(**answers):
        with answering(**answers) as asked:
            finished = omnihuman_airflow.run(DAG_FILE)
        states = {}
        for name, state in finished.task_states.items():
            states.setdefault(state, set()).add(name)
        return finished, states, asked

    return run


def published(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="published/").get("Contents", [])]


@pytest.mark.slow
def test_what_is_approved_is_published_and_nothing_more_is_rendered(run, emulator, s3):
    finished, states, asked = run(review_1=("Approve", ""))
    assert states == {"success": FIRST | PUBLISH, "skipped": SECOND | STILL}
    facts = finished.xcom("reviewed.publish")
    assert facts["archived_uri"] == finished.xcom("reviewed.round_1.archive")["uri"]
    assert facts["review"] | {"responded_at": ""} == {
        "approved": True,
        "answered": True,
        "note": "",
        "reviewer": "Anna",
        "responded_at": "",
    }
    assert list(finished.asset_events()) == [facts["uri"]], "nobody hears of a video before its yes"
    assert len(published(s3)) == 2
    assert len(emulator.jobs()) == 1
    assert "What is \\*said\\*" in asked["review_1"]
    assert "has another one rendered" in asked["review_1"]


@pytest.mark.slow
def test_what_is_rejected_is_rendered_again_with_the_note_and_another_seed(run, emulator, s3):
    finished, states, asked = run(review_1=("Reject", "Look up,\nand {{ smile }}"), review_2=("Approve", ""))
    assert states == {"success": FIRST | SECOND | PUBLISH, "skipped": STILL}
    bodies = sorted((job["body"] for job in emulator.jobs()), key=lambda body: body["seed"])
    assert [(body["seed"], body["prompt"]) for body in bodies] == [(7, "Calm"), (8, "Calm. Look up, and {{ smile }}")]
    assert bodies[0]["audio_url"].partition("?")[0] == bodies[1]["audio_url"].partition("?")[0]
    assert finished.xcom("reviewed.publish")["archived_uri"] == finished.xcom("reviewed.round_2.archive")["uri"]
    assert finished.xcom("reviewed.review_1") is None, "a rejected video goes nowhere"
    assert finished.xcom("reviewed.review_1", "review")["note"] == "Look up,\nand {{ smile }}"
    assert "Prompt: Calm\\. Look up, and \\{\\{ smile \\}\\}" in asked["review_2"]
    assert "still picture" in asked["review_2"]


@pytest.mark.slow
def test_after_the_last_no_a_still_picture_is_shown_and_may_be_published(run, emulator, s3):
    finished, states, asked = run(review_1=("Reject", ""), review_2=("Reject", "No"), review_still=("Approve", ""))
    assert states == {"success": FIRST | SECOND | STILL | PUBLISH}
    facts = finished.xcom("reviewed.publish")
    assert facts["archived_uri"] == finished.xcom("reviewed.still")["uri"]
    assert (facts["task_id"], facts["billed_seconds"]) == (None, 0.0)
    assert len(emulator.jobs()) == 2
    assert "publishes nothing" in asked["review_still"]


@pytest.mark.slow
def test_where_nobody_answers_a_no_by_default_ends_it(run, emulator, s3, capfd):
    finished, states, _ = run(review_1=NOBODY)
    assert states == {"success": FIRST, "skipped": SECOND | STILL | PUBLISH}
    review = finished.xcom("reviewed.review_1", "review")
    assert (review["approved"], review["answered"], review["reviewer"]) == (False, False, None)
    assert len(emulator.jobs()) == 1, "with nobody there to look at it, none is paid for"
    assert published(s3) == []


def test_where_a_render_fails_the_still_picture_is_shown_in_its_place(run, emulator, s3):
    emulator.fault(kind="code", code="50411", action="CVSubmitTask")
    finished, states, _ = run(review_still=("Approve", ""))
    assert states["success"] == STILL | PUBLISH
    assert states["failed"] == {"reviewed.round_1.render"}
    assert finished.state == "success", "the slot is not empty"
    assert finished.xcom("reviewed.publish")["archived_uri"] == finished.xcom("reviewed.still")["uri"]


def test_what_a_messenger_breaks_is_asked_again_but_never_about_a_video_that_is_not_shown(omnihuman_airflow, connections, put):
    """Airflow keeps the words of a task's first question: a yes to them would publish what nobody has seen."""
    for number in (1, 2):
        put(f"a/{number}.mp4", b"video")
    with answering(same=("Approve", "")) as asked:
        finished = omnihuman_airflow.run(DAG_FILE.with_name("asked_again.py"))
    assert finished.task_states == {"same": "success", "another": "failed"}
    assert "a/1.mp4" in asked["same"]
    assert finished.xcom("same")["uri"].endswith("a/1.mp4")


def test_prompt_and_seed_of_all_renders_are_those_of_the_first_round_only():
    """Given to the second one as well, they would make the rejected video once more, whatever the note says."""
    with DAG("d", schedule=None) as dag:
        reviewed_video(
            {"audio_url": "s3://b/a.wav", "image_url": "s3://b/p.png"}, render={"prompt": "Calm", "seed": 7, "pool": "few"}
        )
    first, second = (dag.get_task(f"reviewed.round_{number}.render") for number in (1, 2))
    assert (first.prompt, first.seed, first.pool) == ("Calm", 7, "few")
    assert (second.prompt.key, second.seed.key, second.pool) == ("next_prompt", "next_seed", "few")
    assert dag.get_task("reviewed.review_1").retries == 2, "a store that hiccups would cost the reviewer's answer"


def test_there_is_at_least_one_round():
    with pytest.raises(ValueError, match="rounds must be 1 or more, not 0"):
        reviewed_video({"audio_url": "s3://b/a.wav", "image_url": "s3://b/p.png"}, rounds=0)
