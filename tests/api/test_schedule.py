"""Polls come neither too soon nor too late, few while the end is far, and learn from the jobs before."""

from __future__ import annotations

import math
import statistics
import sys
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.render_times import RenderTimes
from airflow_provider_omnihuman.api.schedule import LearnedSchedule, PollSchedule

SUBMITTED_AT = 1_800_000_000.0
AUDIO_S = 15.0
RENDER_S = 540.0


def experienced(count=40):
    times, rng = RenderTimes(), Random(1)
    for _ in range(count):
        took_s = RENDER_S * rng.uniform(0.9, 1.1)
        times.record("1080", audio_s=AUDIO_S, running_s=took_s - 2, took_s=took_s + 2)
    return times


def schedule_for(times, *, audio_s=AUDIO_S, submitted_at=SUBMITTED_AT, first_poll_at=SUBMITTED_AT + 12):
    return LearnedSchedule(times, kind="1080", audio_s=audio_s, submitted_at=submitted_at, first_poll_at=first_poll_at)


def polls(schedule, *, done_at, started_at=0.0, now=SUBMITTED_AT + 2, rng=None, away=(math.inf, math.inf)):
    """Wait for a job; return when it was polled. Polls within ``away`` get no reply."""
    rng, asked = rng or Random(1), []
    while True:
        now += schedule.pause_s(len(asked), now=now, rng=rng)
        asked.append(now)
        if away[0] <= now < away[1]:
            continue
        schedule.heard(heard_at=now, is_done=now >= done_at, is_queued=now < started_at)
        if now >= done_at:
            return asked


def known(times):
    return times.to_dict()["kinds"].get("1080", [])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1000), st.floats(SUBMITTED_AT, SUBMITTED_AT + 1e6))
def test_a_fixed_schedule_waits_its_interval_whatever_the_time(poll, now):
    pause_s = PollSchedule(first_s=10, interval_s=5, jitter=0.1).pause_s(poll, now=now, rng=Random(poll))
    assert 10 <= pause_s <= 11 if poll == 0 else 4.5 <= pause_s <= 5.5


def test_a_fixed_schedule_learns_nothing():
    schedule = PollSchedule()
    schedule.heard(heard_at=SUBMITTED_AT, is_done=False)
    assert schedule == PollSchedule()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 60),
    st.none() | st.floats(allow_nan=True, allow_infinity=True),
    st.none() | st.floats(-1e5, 1e5) | st.just(math.nan),
    st.floats(0, 5_000),
    st.floats(0, 20_000),
    st.integers(),
)
def test_pauses_are_finite_bounded_and_never_end_before_the_first_poll_may_come(seen, audio_s, since, first_s, done_s, seed):
    times, start = experienced(seen), SUBMITTED_AT
    submitted_at = None if since is None else start - since
    schedule = schedule_for(times, audio_s=audio_s, submitted_at=submitted_at, first_poll_at=start + first_s)
    is_length = audio_s is not None and 0 < audio_s < math.inf
    is_time = submitted_at is not None and math.isfinite(submitted_at)
    early_s = times.outlook("1080", audio_s=audio_s if is_length else None).early_s(audio_s if is_length else None)
    latest = submitted_at + early_s if is_time else start
    now, rng = start, Random(seed)
    for poll in range(50):
        pause_s = schedule.pause_s(poll, now=now, rng=rng)
        assert math.isfinite(pause_s)
        assert pause_s >= (2.0 if poll else 0.0)
        assert now + pause_s >= start + first_s
        assert now + pause_s <= max(start + first_s, max(now, latest) + 60.0) * (1 + 1e-9)
        now += pause_s
        schedule.heard(heard_at=now, is_done=now - start >= done_s)


def test_an_experienced_schedule_polls_a_fifth_as_often_as_five_seconds_and_is_no_later():
    rng, counts, delays = Random(2), [], []
    times = experienced()
    for _ in range(60):
        done_at = SUBMITTED_AT + RENDER_S * rng.uniform(0.9, 1.1)
        asked = polls(schedule_for(times), done_at=done_at, rng=rng)
        counts.append(len(asked))
        delays.append(asked[-1] - done_at)
    assert statistics.fmean(counts) < 0.2 * RENDER_S / 5
    assert statistics.fmean(delays) < 2.5


@pytest.mark.parametrize("factor", [1 / 3, 1.0, 3.0])
def test_the_first_eight_jobs_cost_less_than_half_whatever_the_service_takes(factor):
    rng, counts, delays = Random(3), [], []
    for _ in range(12):
        times = RenderTimes()
        for _ in range(8):
            done_at = SUBMITTED_AT + factor * RENDER_S * rng.uniform(0.9, 1.1)
            asked = polls(schedule_for(times), done_at=done_at, rng=rng)
            counts.append(len(asked))
            delays.append(asked[-1] - done_at)
    assert statistics.fmean(counts) < 0.45 * factor * RENDER_S / 5
    assert statistics.fmean(delays) < 5


def test_a_wait_learns_from_its_job():
    times = RenderTimes()
    polls(schedule_for(times), done_at=SUBMITTED_AT + 200)
    [[audio_s, running_s, took_s]] = known(times)
    assert audio_s == AUDIO_S
    assert running_s < 200 <= took_s


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0])
def test_a_service_that_changed_its_speed_is_followed_within_a_few_jobs(factor):
    times, rng, delays, counts = experienced(), Random(8), [], []
    for _ in range(24):
        done_at = SUBMITTED_AT + factor * RENDER_S * rng.uniform(0.9, 1.1)
        asked = polls(schedule_for(times), done_at=done_at, rng=rng)
        delays.append(asked[-1] - done_at)
        counts.append(len(asked))
    assert statistics.fmean(delays[8:]) < 4
    assert statistics.fmean(counts[8:]) < 0.5 * factor * RENDER_S / 5
    assert max(delays) < 0.3 * RENDER_S


def test_jobs_submitted_together_are_not_asked_for_together():
    times, rng = experienced(), Random(4)
    firsts = [schedule_for(times).pause_s(0, now=SUBMITTED_AT + 2, rng=rng) for _ in range(50)]
    assert len({round(first) for first in firsts}) > 25


def test_a_resumed_wait_asks_soon_and_not_together_with_the_others():
    times, rng = experienced(), Random(5)
    firsts = [schedule_for(times).pause_s(0, now=SUBMITTED_AT + 2_000, rng=rng) for _ in range(100)]
    assert max(firsts) <= 10
    assert statistics.pstdev(firsts) > 1


def test_a_job_that_was_found_done_late_after_a_restart_teaches_nothing():
    times = RenderTimes()
    polls(schedule_for(times), done_at=SUBMITTED_AT + 500, now=SUBMITTED_AT + 20_000)
    assert known(times) == []


def test_a_job_that_was_found_done_late_after_an_outage_teaches_nothing():
    times = RenderTimes()
    polls(schedule_for(times), done_at=SUBMITTED_AT + 500, away=(SUBMITTED_AT + 300, SUBMITTED_AT + 3_000))
    assert known(times) == []


def test_a_job_that_outlived_the_outage_is_learned_from():
    times = RenderTimes()
    polls(schedule_for(times), done_at=SUBMITTED_AT + 500, away=(SUBMITTED_AT + 100, SUBMITTED_AT + 400))
    assert len(known(times)) == 1


def test_the_time_in_the_queue_is_not_taken_for_rendering():
    times = experienced()
    started_at = SUBMITTED_AT + 3_600
    done_at = started_at + RENDER_S
    asked = polls(schedule_for(times), started_at=started_at, done_at=done_at)
    assert known(times)[-1][2] < 2 * RENDER_S
    assert asked[-1] - done_at < 30
    assert len(asked) < 0.2 * (3_600 + RENDER_S) / 5


def test_a_short_job_that_is_overdue_is_not_left_for_a_minute():
    """A service that takes seconds, such as the emulator at high speed: its late jobs are late by seconds."""
    times = RenderTimes()
    for _ in range(12):
        times.record("1080", audio_s=AUDIO_S, running_s=3.0, took_s=3.2)
    asked = polls(schedule_for(times), done_at=SUBMITTED_AT + 14)
    assert asked[-1] < SUBMITTED_AT + 14 + 15


def test_a_job_long_overdue_is_asked_for_ever_more_slowly_than_five_seconds():
    times = experienced()
    asked = polls(schedule_for(times), done_at=SUBMITTED_AT + 20_000)
    assert len(asked) < 0.4 * 20_000 / 5
    assert asked[-1] - asked[-2] <= 60


def test_polls_stay_few_in_a_queue_that_is_not_told_of_where_each_job_takes_longer_than_the_one_before():
    times, rng, now, count, until = experienced(), Random(9), SUBMITTED_AT + 2, 0, 15_000
    schedule, finished_s = schedule_for(times), 0
    while now < SUBMITTED_AT + until:
        while finished_s + 90 < now - SUBMITTED_AT:
            finished_s += 90
            times.record("1080", audio_s=AUDIO_S, running_s=finished_s - 2, took_s=finished_s + 2)
        now += schedule.pause_s(count, now=now, rng=rng)
        schedule.heard(heard_at=now, is_done=False)
        count += 1
    assert count < 0.4 * until / 5


def test_the_more_uncertain_the_end_the_later_it_is_found_but_polls_stay_few():
    times, rng, counts = RenderTimes(), Random(10), []
    for _ in range(150):
        done_at = SUBMITTED_AT + RENDER_S * rng.lognormvariate(0, 0.6)
        counts.append(len(polls(schedule_for(times), done_at=done_at, rng=rng)) / (done_at - SUBMITTED_AT) * 5)
    assert statistics.fmean(counts[50:]) < 0.5


def test_a_job_that_is_done_without_its_url_is_asked_for_within_seconds_and_learned_from_once():
    times, rng = RenderTimes(), Random(6)
    schedule = schedule_for(times)
    now = polls(schedule, done_at=SUBMITTED_AT + 300, rng=rng)[-1]
    for poll in range(100, 105):
        pause_s = schedule.pause_s(poll, now=now, rng=rng)
        assert 2 <= pause_s <= 4
        now += pause_s
        schedule.heard(heard_at=now, is_done=True)
    assert len(known(times)) == 1


@pytest.mark.parametrize("submitted_at", [None, math.nan, math.inf])
def test_where_the_submit_is_unknown_the_pauses_grow_with_the_wait_and_nothing_is_learned(submitted_at):
    times = RenderTimes()
    asked = polls(schedule_for(times, submitted_at=submitted_at), done_at=SUBMITTED_AT + 2_000)
    gaps = [after - before for before, after in pairwise(asked)]
    assert 4 <= min(gaps) <= gaps[0] <= 6
    assert 25 <= gaps[-1] <= max(gaps) <= 33
    assert known(times) == []


def test_a_submit_that_lies_in_the_future_by_another_clock_is_waited_for():
    asked = polls(schedule_for(experienced(), submitted_at=SUBMITTED_AT + 30), done_at=SUBMITTED_AT + RENDER_S)
    assert asked[-1] - (SUBMITTED_AT + RENDER_S) < 30


def test_a_schedule_is_small():
    schedule = schedule_for(RenderTimes())
    assert not hasattr(schedule, "__dict__")
    assert sys.getsizeof(schedule) < 200
