"""The question itself: its links, its form, and what it refuses to be; what answers lead to is tested by running Dags."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_omnihuman.operators.review import VideoReviewOperator
from tests.conftest import BUCKET
from tests.task_context import task_context

FACTS = {"uri": f"s3://{BUCKET}/a/b c.mp4", "poster_uri": f"s3://{BUCKET}/a/b c.jpg"}


def review(**arguments):
    return VideoReviewOperator(**{"task_id": "review", "video": FACTS["uri"], **arguments})


def test_a_plain_link_signs_nothing_and_shows_no_picture_that_a_browser_would_be_refused(connections, s3):
    urls = review()._urls(FACTS)
    assert set(urls) == {"video"}
    assert urls["video"].endswith(f"/{BUCKET}/a/b%20c.mp4")


def test_signed_links_open_and_live_as_long_as_the_question(connections, put):
    put("a/b c.mp4", b"video")
    put("a/b c.jpg", b"poster")
    urls = review(sign_links=True, response_timeout=timedelta(minutes=5))._urls(FACTS)
    assert {name: httpx.get(url).text for name, url in urls.items()} == {"video": "video", "poster": "poster"}
    assert httpx.URL(urls["video"]).params["X-Amz-Expires"] == "300"
    forever = review(sign_links=True, response_timeout=None)._urls(FACTS)["video"]
    assert httpx.URL(forever).params["X-Amz-Expires"] == "604800"


def test_an_address_of_ones_own_wins(connections, s3):
    urls = review(sign_links=True, base_url="https://media.example.com/")._urls(FACTS)
    assert urls == {"video": "https://media.example.com/a/b%20c.mp4", "poster": "https://media.example.com/a/b%20c.jpg"}


def test_the_form_has_a_note_and_nothing_of_the_dags_own():
    with DAG("d", schedule=None, params={"text": Param("x", type="string")}):
        assert list(review().serialized_params) == ["note"]
        assert list(review(task_id="other", params={"tone": Param("warm", type="string")}).serialized_params) == ["note", "tone"]


def test_what_no_answer_does_is_told_with_the_time():
    told = review(default="approve", rejected_means="has another one rendered")._consequences()
    assert told.startswith("*Reject* has another one rendered. Unanswered until ")
    assert told.endswith(" UTC, *Approve* applies.")
    assert review(response_timeout=None)._consequences() == "*Reject* publishes nothing."


@pytest.mark.parametrize("argument", ["approved", "rejected"])
def test_where_an_answer_would_lead_nowhere_nobody_is_asked(argument):
    with DAG("d", schedule=None):
        question = review(**{argument: ["review", "tell_the_editor"]})
    with pytest.raises(AirflowFailException, match=f"{argument} is 'tell_the_editor': the Dag has no such task or task group"):
        question.execute(task_context(task=question))


@pytest.mark.parametrize(("argument", "value"), [("default", "yes"), ("default", "Approve"), ("on_rejected", "retry")])
def test_what_it_cannot_do_is_refused_where_it_is_written(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be one of .*, not '{value}'"):
        review(**{argument: value})
