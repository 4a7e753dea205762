"""A talk of ten minutes: split, a clip made of each piece, joined; it is as long as its audio, and in step throughout."""

import wave

import numpy as np
import pytest

from airflow_provider_omnihuman.media.joining import Clip, join_videos
from airflow_provider_omnihuman.media.probe import probe_audio, probe_video
from airflow_provider_omnihuman.media.splitting import split_audio
from tests.media.films import flashes_among, make_clip, pictures_of, sound_of
from tests.media.sounds import samples_of
from tests.media.speech import RATE, talk

MINUTES = 10
FPS = 5  # small and slow pictures, so that the test is quick
FRAME_S = 1 / FPS
NOTHING = np.zeros((0, 1), "int16")
"""The clips' own sound, which the talk's replaces: encoding it would take longer than all else here."""


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    chance = np.random.default_rng(7)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        written = 0
        while written < MINUTES * 60 * RATE:
            sentence = talk(*chance.uniform((2.0, 0.3), (9.0, 1.2)), 1.0, noise=10, seed=written)
            file.writeframes(sentence.tobytes())
            written += len(sentence)
    return path


def test_the_film_of_a_talk_is_as_long_as_its_audio_and_in_step_at_each_joint(audio, tmp_path):
    pieces = split_audio(audio, tmp_path)
    assert len(pieces) > MINUTES
    clips = []
    for piece in pieces:
        clip = piece.path.with_suffix(".mp4")
        make_clip(clip, NOTHING, pictures_s=piece.duration_s, fps=FPS, size=(64, 36), flashes_s=[0.0])
        clips.append(Clip(clip, duration_s=piece.duration_s))

    joined = join_videos(clips, tmp_path / "film.mp4", soundtrack=audio)

    assert not joined.reencoded
    whole_s = probe_audio(audio).duration_s
    assert joined.duration_s == pytest.approx(whole_s, abs=1e-6)
    assert probe_video(tmp_path / "film.mp4").duration_s == pytest.approx(whole_s, abs=FRAME_S)
    times, brightness, end = pictures_of(tmp_path / "film.mp4")
    assert end == pytest.approx(whole_s, abs=FRAME_S)
    heard, rate = sound_of(tmp_path / "film.mp4")
    original = samples_of(audio)[0][:, 0] / 32768
    assert len(heard) == pytest.approx(len(original), abs=2048)
    # The flash with which each clip begins is where its piece begins: no joint adds to an offset.
    assert flashes_among(times, brightness) == [pytest.approx(piece.start_s, abs=0.001) for piece in pieces]
    # And so is its sound: a millisecond of shift would make another wave of it.
    for piece in pieces[1:]:
        stretch = slice(round(piece.start_s * rate), round((piece.start_s + 1.5) * rate))
        assert np.corrcoef(heard[stretch], original[stretch])[0, 1] > 0.95
