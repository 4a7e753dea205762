"""The demo's Airflow starts with what it would have learned of a service that is as fast as the demo's."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.experience import write_experience
from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile


@pytest.mark.parametrize(("kind", "audio_s", "took_s"), [("720-fast", 5.0, 1.9), ("1080", 10.0, 6.1), ("720", 3.0, 2.0)])
def test_the_first_render_is_looked_for_in_time(tmp_path, kind, audio_s, took_s):
    write_experience(tmp_path, speed=60)
    outlook = RenderTimesFile("omnihuman_default", home=tmp_path).load().outlook(kind, audio_s=audio_s)
    assert outlook.expected_s(audio_s) == pytest.approx(took_s, rel=0.1)


def test_a_clock_that_stands_still_teaches_nothing(tmp_path):
    write_experience(tmp_path, speed=0)
    assert not list(tmp_path.rglob("*.json"))
