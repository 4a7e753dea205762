"""A submitted request's facts tell how long its render may take; what is odd in them is not known."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.render_times import RenderTimes

FACTS = {
    "output_resolution": 720,
    "pe_fast_mode": True,
    "audio_duration_s": 3.5,
    "submitted_at": "2026-01-01T00:00:10+00:00",
    "seed": 7,
}


def test_the_facts_of_the_submit_operator_are_read():
    assert Render.of(FACTS) == Render("720-fast", 3.5, 1767225610.0)
    assert Render.of(FACTS | {"output_resolution": 1080, "pe_fast_mode": False}).kind == "1080"


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        {"output_resolution": "big", "audio_duration_s": "long", "submitted_at": "yesterday"},
        {"output_resolution": None, "audio_duration_s": True, "submitted_at": {}},
    ],
)
def test_what_is_missing_or_odd_is_not_known(odd):
    assert Render.of(odd) == Render("unknown", None, None)


def test_it_survives_as_json():
    assert Render(**Render.of(FACTS).to_dict()) == Render.of(FACTS)


def test_its_schedule_learns_for_its_kind():
    times, render = RenderTimes(), Render("720", 3.0, 1000.0)
    schedule = render.schedule(times, first_poll_at=1010.0)
    schedule.heard(heard_at=1100.0, is_done=False)
    schedule._planned_at = 1110.0
    schedule.heard(heard_at=1110.0, is_done=True)
    assert list(times.to_dict()["kinds"]) == ["720"]
