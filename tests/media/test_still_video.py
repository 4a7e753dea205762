"""A picture that stands still for as long as somebody speaks, labelled as what it is."""

from __future__ import annotations

import json

import pytest

from airflow_provider_omnihuman.media.aigc_label import label_differences, label_text, read_aigc_label
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.probe import probe_video
from airflow_provider_omnihuman.media.still_video import still_video
from tests.media.media_files import make_audio

ASKED = {"producer_id": "p-1", "content_propagator": "spread"}


@pytest.mark.parametrize("sound", [("wav", "pcm_s16le"), ("mp3", "libmp3lame")], ids=lambda sound: sound[0])
def test_it_lasts_as_long_as_its_sound_and_carries_the_label(tmp_path, portrait_png, sound):
    speech = make_audio(*sound, seconds=1.3)
    target = tmp_path / "still.mp4"
    seconds = still_video(portrait_png, speech, target, short_side=180, label=label_text(ASKED))
    assert seconds == pytest.approx(1.3, abs=0.06)
    facts = probe_video(target)
    assert facts.duration_s == pytest.approx(seconds, abs=0.06)
    assert min(facts.width, facts.height) == 180
    assert facts.fps == pytest.approx(25)
    label = read_aigc_label(target)
    assert label_differences(ASKED, label) == []
    assert json.loads(label.raw)["Label"] == "1"


def test_without_a_label_asked_for_there_is_none(tmp_path, portrait_png):
    still_video(portrait_png, make_audio("wav", "pcm_s16le", seconds=0.3, channels=2), tmp_path / "s.mp4", short_side=90)
    assert read_aigc_label(tmp_path / "s.mp4") is None


def test_what_is_no_picture_or_no_sound_is_told(tmp_path, portrait_png):
    with pytest.raises(MediaError, match="a picture"):
        still_video(b"no picture at all", make_audio("wav", "pcm_s16le", seconds=0.3), tmp_path / "s.mp4")
    with pytest.raises(MediaError, match="sound"):
        still_video(portrait_png, b"no sound at all", tmp_path / "s.mp4")
