"""Sounds joined: sample for sample, in one form, with pauses of an exact length."""

import io

import numpy as np
import pytest

from airflow_provider_omnihuman.media.concatenation import join_audio
from airflow_provider_omnihuman.media.errors import MediaError, TruncatedMediaError
from airflow_provider_omnihuman.media.probe import probe_audio
from tests.media.media_files import make_audio
from tests.media.sounds import encoded, noise, samples_of, wav_of


def test_the_samples_of_wav_files_stand_one_after_another_unchanged(tmp_path):
    parts = [noise(seconds, seed=seed) for seed, seconds in enumerate((0.3, 1.0, 0.1))]
    seconds = join_audio([wav_of(part) for part in parts], tmp_path / "joined.wav")
    samples, rate = samples_of(tmp_path / "joined.wav")
    assert np.array_equal(samples, np.concatenate(parts))
    assert (rate, seconds) == (16000, 1.4)


def test_a_pause_is_silence_between_the_sounds_and_nowhere_else(tmp_path):
    one, other = noise(0.3, seed=1), noise(0.2, seed=2)
    seconds = join_audio([wav_of(one), wav_of(other)], tmp_path / "joined.wav", pause_s=0.25)
    samples, _rate = samples_of(tmp_path / "joined.wav")
    assert np.array_equal(samples, np.concatenate([one, np.zeros((4000, 1), "int16"), other]))
    assert seconds == pytest.approx(0.75)


def test_the_first_one_decides_on_rate_and_channels(tmp_path):
    sources = [wav_of(noise(0.5, rate=24000, channels=2), rate=24000), wav_of(noise(0.5)), make_audio("mp3", "libmp3lame")]
    seconds = join_audio(sources, tmp_path / "joined.wav")
    samples, rate = samples_of(tmp_path / "joined.wav")
    assert (rate, samples.shape[1]) == (24000, 2)
    assert seconds == pytest.approx(4.0, abs=1e-3)
    assert samples.shape[0] / rate == seconds
    assert np.abs(samples[24000:]).max() > 1000


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp3", "libmp3lame"), ("mp4", "aac"), ("adts", "aac"), ("ogg", "libopus"), ("ogg", "vorbis"), ("flac", "flac")],
)
def test_whatever_format_it_is_all_that_can_be_decoded_of_it_is_there(container, codec, tmp_path):
    source = encoded(noise(3.0, rate=24000, channels=2), container, codec, rate=24000)
    assert join_audio([source], tmp_path / "joined.wav") == pytest.approx(probe_audio(source).duration_s, abs=1e-9)


def test_of_more_than_16_bits_the_upper_ones_are_kept(tmp_path):
    samples = noise(0.2).astype("int32")
    join_audio([encoded(samples << 16 | 0x4321, "flac", "flac", sample_format="s32")], tmp_path / "joined.wav")
    assert np.array_equal(samples_of(tmp_path / "joined.wav")[0], samples)


def test_an_open_file_is_written_to_and_left_open():
    target = io.BytesIO()
    join_audio([wav_of(noise(0.2))], target)
    assert np.array_equal(samples_of(target.getvalue())[0], noise(0.2))


def test_what_is_no_sound_is_named(tmp_path):
    (tmp_path / "page.mp3").write_text("<html>404</html>")
    with pytest.raises(MediaError, match=r"page\.mp3 is text, not audio"):
        join_audio([wav_of(noise(0.2)), tmp_path / "page.mp3"], tmp_path / "joined.wav")


def test_what_breaks_off_is_refused(tmp_path):
    flac = encoded(noise(2.0), "flac", "flac")
    with pytest.raises(TruncatedMediaError, match=r"breaks off after \d\.\d s of 2\.0 s"):
        join_audio([flac[: len(flac) // 2]], tmp_path / "joined.wav")


@pytest.mark.parametrize(("sources", "pause_s"), [([], 0.0), ([wav_of(noise(0.1))], -1.0), ([wav_of(noise(0.1))], float("nan"))])
def test_nothing_to_join_and_pauses_that_cannot_be_are_refused(sources, pause_s):
    with pytest.raises(ValueError, match="at least one sound, and a pause of 0 s or more"):
        join_audio(sources, io.BytesIO(), pause_s=pause_s)
