"""What is expected of a render follows the jobs that were seen to finish, and survives whatever is found on disk."""

from __future__ import annotations

import json
import math
import sys
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.render_times import RenderTimes

NUMBER = st.one_of(st.floats(), st.integers(), st.just(10**400))
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=80), inner, max_size=5),
    max_leaves=20,
)
ROWS = st.lists(st.lists(NUMBER | st.none(), min_size=2, max_size=4) | JSON, max_size=80)


def learned(count=40, *, kind="1080", audio_s=None, seconds=lambda audio_s: 20 + 40 * audio_s, seed=1, times=None):
    times, rng = times or RenderTimes(), Random(seed)
    for _ in range(count):
        length_s = audio_s or rng.uniform(3, 59)
        took_s = seconds(length_s) * rng.uniform(0.95, 1.05)
        times.record(kind, audio_s=length_s, running_s=took_s - 2, took_s=took_s + 2)
    return times


def expected_s(times, audio_s, *, kind="1080"):
    return times.outlook(kind, audio_s=audio_s).expected_s(audio_s)


@pytest.mark.parametrize(("audio_s", "minutes"), [(15.0, 9), (26.0, 15.5), (59.0, 35)])
def test_with_nothing_seen_it_expects_what_others_have_seen(audio_s, minutes):
    assert expected_s(RenderTimes(), audio_s) == pytest.approx(minutes * 60, rel=0.05)


@pytest.mark.parametrize("audio_s", [5.0, 15.0, 55.0])
def test_the_expectation_grows_with_the_audio_as_the_jobs_did(audio_s):
    assert expected_s(learned(), audio_s) == pytest.approx(20 + 40 * audio_s, rel=0.1)


def test_a_constant_that_every_job_takes_is_told_from_what_the_audio_adds():
    times = learned(64, seconds=lambda audio_s: 300 + 10 * audio_s)
    assert expected_s(times, 3.0) == pytest.approx(330, rel=0.15)
    assert expected_s(times, 59.0) == pytest.approx(890, rel=0.15)


def test_a_length_that_was_never_seen_follows_the_usual_line_at_the_speed_that_was():
    times = learned(audio_s=15.0, seconds=lambda audio_s: 3 * (15 + 35 * audio_s))
    assert expected_s(times, 45.0) == pytest.approx(3 * (15 + 35 * 45), rel=0.1)


def test_without_the_length_the_durations_of_the_kind_count_as_they_are():
    times = RenderTimes()
    for _ in range(20):
        times.record("1080", audio_s=None, running_s=98, took_s=102)
    assert expected_s(times, None) == pytest.approx(100, rel=0.05)


def test_kinds_are_learned_apart():
    times = learned(kind="1080")
    learned(kind="720-fast", seconds=lambda audio_s: 4 * audio_s, times=times)
    assert expected_s(times, 30.0, kind="1080") == pytest.approx(1220, rel=0.1)
    assert expected_s(times, 30.0, kind="720-fast") == pytest.approx(120, rel=0.15)


def test_one_job_out_of_line_changes_little():
    times = learned()
    before = expected_s(times, 30.0)
    times.record("1080", audio_s=30.0, running_s=29_990, took_s=30_000)
    for _ in range(5):
        learned(1, times=times)
    assert expected_s(times, 30.0) == pytest.approx(before, rel=0.1)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_sudden_change_of_speed_is_followed_within_four_jobs(factor):
    times = learned()
    learned(4, seconds=lambda audio_s: factor * (20 + 40 * audio_s), seed=2, times=times)
    assert expected_s(times, 30.0) == pytest.approx(factor * 1220, rel=0.15)
    inspection = times.outlook("1080", audio_s=30.0).inspection
    assert 0.7 < inspection.early < inspection.late < 1.4, "the spread stays known"


def test_jobs_found_done_by_the_first_look_bring_the_expectation_down():
    times = learned()
    for _ in range(12):
        first_look_s = 0.98 * times.outlook("1080", audio_s=30.0).early_s(30.0)
        times.record("1080", audio_s=30.0, running_s=0.0, took_s=max(first_look_s, 12.0))
    assert expected_s(times, 30.0) < 1220 / 4


def test_memory_is_bounded():
    times = learned(500)
    for number in range(200):
        times.record(f"kind {number}", audio_s=10.0, running_s=90, took_s=100)
    kept = times.to_dict()["kinds"]
    assert len(kept) <= 32
    assert all(len(rows) <= 64 for rows in kept.values())


def test_a_kind_too_many_is_waited_for_all_the_same():
    times = RenderTimes()
    for number in range(40):
        times.record(f"kind {number}", audio_s=10.0, running_s=90, took_s=100)
    assert expected_s(times, 15.0, kind="kind 39") == pytest.approx(540)


def test_the_outlook_is_not_made_anew_for_each_question_nor_for_each_job():
    times = learned(64)
    made = times.outlook("1080", audio_s=10.0)
    assert times.outlook("1080", audio_s=50.0) is made
    outlooks = set()
    for seed in range(16):
        learned(1, seed=seed, times=times)
        outlooks.add(id(times.outlook("1080", audio_s=10.0)))
    assert len(outlooks) <= 6


@pytest.mark.parametrize(
    "job",
    [
        {"took_s": math.nan},
        {"took_s": math.inf},
        {"took_s": -5.0},
        {"took_s": 0.0},
        {"took_s": 90_000.0},
        {"took_s": 100.0, "running_s": 100.0},
        {"took_s": 100.0, "running_s": 200.0},
        {"took_s": 100.0, "running_s": -1.0},
        {"took_s": 100.0, "running_s": math.nan},
        {"took_s": 100.0, "audio_s": math.nan},
        {"took_s": 100.0, "audio_s": -3.0},
        {"took_s": True},
    ],
)
def test_what_cannot_be_true_is_not_learned(job):
    times = RenderTimes()
    times.record("1080", **{"audio_s": 10.0, **job})
    assert times.to_dict()["kinds"] == {}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.none() | st.floats(1, 59), st.floats(0, 500), st.floats(501, 5000)), max_size=80))
def test_what_was_learned_survives_json(jobs):
    times = RenderTimes()
    for audio_s, running_s, took_s in jobs:
        times.record("1080", audio_s=audio_s, running_s=running_s, took_s=took_s)
    again = RenderTimes.from_dict(json.loads(json.dumps(times.to_dict())))
    assert again.to_dict() == times.to_dict()
    if times.to_dict()["kinds"]:
        assert math.isfinite(expected_s(again, 20.0))


def test_what_was_learned_is_used_after_a_restart():
    again = RenderTimes.from_dict(json.loads(json.dumps(learned(seconds=lambda audio_s: 7 * audio_s).to_dict())))
    assert expected_s(again, 30.0) == pytest.approx(210, rel=0.1)


@settings(deadline=None, max_examples=60)
@given(JSON | st.fixed_dictionaries({"version": st.just(1), "kinds": st.dictionaries(st.text(), ROWS, max_size=5) | JSON}))
def test_garbage_is_ignored(data):
    times = RenderTimes.from_dict(data)
    for kind in (*times.to_dict()["kinds"], "1080"):
        for audio_s in (None, 15.0):
            outlook = times.outlook(kind, audio_s=audio_s)
            assert outlook.next_look_s(0.0, audio_s=audio_s, steps=1.0) > 0
            assert math.isfinite(outlook.expected_s(audio_s))
    json.dumps(times.to_dict(), allow_nan=False)


def test_another_version_is_not_read():
    data = {**learned().to_dict(), "version": 2}
    assert RenderTimes.from_dict(data).to_dict()["kinds"] == {}


def test_of_a_hostile_file_only_so_much_is_kept():
    data = {"version": 1, "kinds": {f"kind {number}": [[10.0, 90.0, 100.0]] * 5_000 for number in range(500)}}
    data["kinds"]["x" * 100_000] = [[10.0, 90.0, 100.0]]
    kept = RenderTimes.from_dict(data).to_dict()["kinds"]
    assert len(kept) == 32
    assert {len(rows) for rows in kept.values()} == {64}


def test_a_kind_costs_little_memory():
    times = learned(64)
    outlook = times.outlook("1080", audio_s=10.0)
    assert sys.getsizeof(outlook.inspection.growth) < 2_500
