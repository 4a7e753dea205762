"""A wait is told like a story: each change with the time so far and the time expected, and no poll by itself."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.errors import TransportError
from airflow_provider_omnihuman.api.expected import Expected, span
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import PollSchedule
from airflow_provider_omnihuman.api.waiting import Wait
from tests.api.conftest import response


@pytest.fixture
def told(stepper):
    """The lines of a wait that asks once a minute, which began a second after the submit."""

    def run(*answers, **expected):
        job = Expected(**{"submitted_at": stepper.now - 1} | expected)
        heard = []
        conversation = stepper.conversations.wait_until_done(
            "7",
            wait=Wait(deadline=stepper.now + 7200),
            schedule=PollSchedule(first_s=29, interval_s=60, jitter=0),
            expected=job,
            on_change=heard.append,
        )
        stepper.run(conversation, *answers)
        return [str(progress).partition("; this URL")[0] for progress in heard]

    return run


QUEUED, RUNNING, DONE = response({"code": 10000, "data": {"status": "in_queue"}}), response("generating"), response("done")


def test_a_render_that_is_known_is_told_with_the_time_so_far_and_the_time_expected(told):
    lines = told(*[QUEUED] * 2, *[RUNNING] * 3, DONE, render_s=180.0, late_s=400.0, is_learned=True)
    assert lines == [
        "OmniHuman task 7: in_queue, 30 s after its submit; usually done about 3 min after its turn has come",
        "OmniHuman task 7: generating, 2 min 30 s after its submit; usually done after about 5 min",
        "OmniHuman task 7: done, 5 min 30 s after its submit: about 2 min in the queue, 3 min 30 s rendering",
    ]


def test_a_job_that_is_late_is_told_once(told):
    lines = told(*[RUNNING] * 9, DONE, render_s=120.0, late_s=240.0, is_learned=True)
    assert [line for line in lines if "later than usual" in line] == [
        "OmniHuman task 7: generating, 4 min 30 s after its submit; later than usual: usually done after about 2 min"
    ]
    assert len(lines) == 3


def test_the_queue_makes_no_job_late(told):
    lines = told(*[QUEUED] * 8, *[RUNNING] * 2, DONE, render_s=120.0, late_s=240.0, is_learned=True)
    assert not any("later than usual" in line for line in lines)


def test_a_long_silence_is_broken_every_ten_minutes(told):
    lines = told(*[RUNNING] * 35, DONE)
    assert lines == [
        "OmniHuman task 7: generating, 30 s after its submit",
        "OmniHuman task 7: generating, 10 min after its submit",
        "OmniHuman task 7: generating, 20 min after its submit",
        "OmniHuman task 7: generating, 30 min after its submit",
        "OmniHuman task 7: done, 36 min after its submit",
    ]


def test_an_outage_is_told_where_it_begins_and_where_it_ends(told):
    lines = told(RUNNING, TransportError("reset"), TransportError("reset"), RUNNING, DONE)
    assert [line.partition(", ")[0] for line in lines] == [
        "OmniHuman task 7: generating",
        "OmniHuman task 7: asking again after a passing fault: reset (task 7)",
        "OmniHuman task 7: generating",
        "OmniHuman task 7: done",
    ]


def test_where_nobody_knows_when_it_was_submitted_the_wait_is_told(told):
    lines = told(RUNNING, DONE, submitted_at=None, render_s=180.0)
    assert lines == [
        "OmniHuman task 7: generating after 29 s of waiting; renders of this length were seen to take about 3 min",
        "OmniHuman task 7: done after 1 min 29 s of waiting",
    ]


def test_a_clock_that_is_behind_makes_no_time_negative(told, stepper):
    assert told(QUEUED, RUNNING, DONE, submitted_at=stepper.now + 1000)[0] == "OmniHuman task 7: in_queue, 0 s after its submit"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59.4, "59 s"), (60, "1 min"), (61, "1 min 01 s"), (599, "9 min 59 s"), (601, "10 min"), (3840, "1 h 04 min")],
)
def test_a_span_is_said_as_people_do(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7, "7 s"), (43, "40 s"), (43.2, "40 s"), (59, "1 min"), (100, "2 min"), (540, "9 min"), (3590, "1 h 00 min")],
)
def test_an_estimate_is_said_roughly(seconds, words):
    assert span(seconds, roughly=True) == words


def test_what_is_expected_comes_from_what_was_learned_once_there_is_a_habit():
    times, render = RenderTimes(), Render("720-fast", 10.0, 5.0)
    guess = render.expected(times)
    assert guess == Expected(5.0, 365.0)  # 15 s of audio take about 9 min, as others have seen
    for _ in range(3):
        times.record("720-fast", audio_s=10.0, took_s=100.0, running_s=98.0)
    learned = render.expected(times)
    assert learned.is_learned
    assert learned.render_s == pytest.approx(100, rel=0.3)
    assert learned.late_s > learned.render_s


def test_of_a_render_of_unknown_length_nothing_is_expected_until_something_is_learned():
    times = RenderTimes()
    assert Render("720").expected(times).render_s is None
    for _ in range(3):
        times.record("720", audio_s=None, took_s=100.0, running_s=98.0)
    assert Render("720").expected(times).render_s == pytest.approx(100, rel=0.2)
