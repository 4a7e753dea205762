"""Clips as other writers store them: other ticks, no edit list, one that hides pictures, other rates. All in step."""

import numpy as np
import pytest

from airflow_provider_omnihuman.media.joining import Clip, join_videos
from tests.media.films import beeps, beeps_in, flashes_in, make_clip, payloads, pictures_of, remux
from tests.media.sounds import wav_of

FRAME_S = 1 / 25
TICKS_OF_A_PICTURE = 512


def at_the_joints(*seconds):
    return [pytest.approx(at, abs=FRAME_S) for at in seconds]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("odd")


@pytest.fixture(scope="session")
def plain(folder):
    return make_clip(folder / "plain.mp4", beeps(1.013, 0.0), flashes_s=[0.0])


@pytest.fixture(scope="session")
def reordered(folder):
    """From an encoder that looks ahead."""
    return make_clip(folder / "reordered.mp4", beeps(1.0, 0.0), flashes_s=[0.0], preset="medium", bf=3)


@pytest.fixture
def film(tmp_path):
    return tmp_path / "film.mp4"


@pytest.mark.parametrize("is_first", [True, False])
def test_clips_with_other_ticks_are_copied_all_the_same(is_first, plain, folder, film):
    fine = remux(plain, folder / "fine.mp4", video_track_timescale="90000")
    clips = [Clip(fine, 1.013), Clip(plain, 1.013)]
    joined = join_videos(clips if is_first else clips[::-1], film)
    assert not joined.reencoded
    assert payloads(film) == payloads(plain) * 2
    assert flashes_in(film) == [0.0, pytest.approx(1.013, abs=0.001)]
    assert pictures_of(film)[2] == pytest.approx(2.026, abs=0.001)


def test_what_an_encoder_looked_ahead_is_no_delay_of_the_clip(reordered, folder, film):
    late = remux(reordered, folder / "late.mp4", use_editlist="0")
    assert pictures_of(late)[0][0] == pytest.approx(2 * FRAME_S)
    join_videos([Clip(late, 1.0), Clip(late, 1.0)], film, soundtrack=wav_of(beeps(2.0, 0.0, 1.0)))
    times, _brightness, _end = pictures_of(film)
    assert np.diff(times) == pytest.approx(FRAME_S, abs=0.001)
    assert [flashes_in(film), beeps_in(film)] == [at_the_joints(0.0, 1.0)] * 2


def test_pictures_that_are_not_to_be_shown_stay_hidden(plain, folder, film):
    hiding = remux(plain, folder / "hiding.mp4", earlier=10 * TICKS_OF_A_PICTURE)
    joined = join_videos([Clip(plain, 1.013), Clip(hiding)], film)
    assert joined.reason == "clip 2 of 2 begins with pictures that are not to be shown (an edit list)"
    assert flashes_in(film) == [0.0], "the other flash is hidden"
    assert beeps_in(film) == at_the_joints(0.0, 1.013)
    assert len(pictures_of(film)[0]) == 26 + 16


def test_another_number_of_pictures_a_second_keeps_its_times(plain, folder, film):
    fast = make_clip(folder / "fast.mp4", beeps(1.0, 0.0), flashes_s=[0.0], fps=50)
    joined = join_videos([Clip(plain, 1.013), Clip(fast, 1.0), Clip(plain, 1.013)], film)
    assert joined.reencoded
    assert [flashes_in(film), beeps_in(film)] == [at_the_joints(0.0, 1.013, 2.013)] * 2
    assert len(pictures_of(film)[0]) == 26 + 50 + 26
    assert pictures_of(film)[2] == pytest.approx(3.026, abs=0.001)


def test_sounds_of_other_rates_make_one_track_of_the_highest(plain, folder, film):
    high = make_clip(folder / "high.mp4", beeps(1.0, 0.0, rate=48000), rate=48000, flashes_s=[0.0])
    joined = join_videos([Clip(plain, 1.013), Clip(high, 1.0)], film)
    assert not joined.reencoded
    assert beeps_in(film) == at_the_joints(0.0, 1.013)


def test_a_clip_whose_sound_begins_first_shows_its_first_picture_from_the_beginning(reordered, folder, film):
    late = remux(reordered, folder / "later.mp4", use_editlist="0")
    join_videos([Clip(late, 1.0), Clip(late, 1.0)], film)
    assert flashes_in(film) == [0.0, pytest.approx(1.0, abs=0.001)]
