"""A long sound in pieces: none too long, none too short, cut in pauses, and together the sound again, sample for sample."""

import logging
import tracemalloc
import wave

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.media.errors import TruncatedMediaError
from airflow_provider_omnihuman.media.samples import opened_sound
from airflow_provider_omnihuman.media.splitting import split_audio
from tests.media.sounds import encoded, noise, samples_of, wav_of
from tests.media.speech import RATE, pauses_of, talk


def joined(pieces):
    return np.concatenate([samples_of(piece.path)[0] for piece in pieces])


def cuts(pieces):
    return [piece.start_s for piece in pieces[1:]]


def is_in(place_s, pauses):
    return any(start <= place_s <= end for start, end in pauses)


def test_the_pieces_are_the_samples_again(tmp_path):
    samples = talk(13, 0.6, 40, 0.8, 30, 0.5, 50, noise=30)
    pieces = split_audio(wav_of(samples, rate=RATE), tmp_path)
    assert np.array_equal(joined(pieces), samples)
    assert [piece.path.name for piece in pieces] == ["piece-000.wav", "piece-001.wav", "piece-002.wav"]
    lengths = [len(samples_of(piece.path)[0]) for piece in pieces]
    assert [piece.duration_s for piece in pieces] == [length / RATE for length in lengths]
    assert [piece.start_s for piece in pieces] == [start / RATE for start in np.cumsum([0, *lengths[:-1]])]


def test_each_piece_ends_in_the_middle_of_the_last_pause_that_it_reaches(tmp_path):
    parts = (5.0, 1.0, 6.0, 0.4, 2.0, 0.3, 9.0, 0.6, 5.0, 0.5, 11.0)
    pieces = split_audio(wav_of(talk(*parts, noise=20), rate=RATE), tmp_path, longest_s=15)
    # Of the pauses at 5, 12, 14.4, 23.7 and 29.3 s, the last ones before 15 s, before 14.55 s + 15 s, and so on.
    assert cuts(pieces) == [pytest.approx(14.55, abs=0.05), pytest.approx(29.55, abs=0.05)]
    assert all(piece.is_cut_in_silence for piece in pieces)


def test_a_short_sound_is_one_piece(tmp_path):
    (piece,) = split_audio(wav_of(talk(3.0, 0.5, 2.0), rate=RATE), tmp_path)
    assert (piece.start_s, piece.duration_s) == (0.0, 5.5)
    (exactly,) = split_audio(wav_of(noise(15.0, rate=RATE), rate=RATE), tmp_path, longest_s=15)
    assert exactly.duration_s == 15.0


def test_a_pause_that_reaches_beyond_the_limit_is_cut_at_the_limit(tmp_path):
    pieces = split_audio(wav_of(talk(6.0, 0.5, 8.0, 4.0, 8.0), rate=RATE), tmp_path, longest_s=15)
    assert cuts(pieces) == [15.0]
    assert pieces[0].is_cut_in_silence


def test_the_last_piece_is_not_too_short_to_be_rendered(tmp_path):
    parts = (6.0, 0.5, 4.0, 0.5, 3.5, 0.4, 0.3)  # the last pause of the first 15 s would leave half a second
    pieces = split_audio(wav_of(talk(*parts), rate=RATE), tmp_path, longest_s=15)
    assert cuts(pieces) == [pytest.approx(10.75, abs=0.05)]
    assert min(piece.duration_s for piece in pieces) >= 2.0


def test_a_short_piece_is_better_than_half_a_word(tmp_path):
    pieces = split_audio(wav_of(talk(13.8, 0.5, 1.1), rate=RATE), tmp_path, longest_s=15)
    assert cuts(pieces) == [pytest.approx(14.05, abs=0.05)]


def test_without_a_pause_the_quietest_point_of_the_last_seconds_is_taken_and_told(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    time_s = np.arange(40 * RATE) / RATE
    loudness = 1 - 0.4 * np.exp(-(((time_s - 12.3) / 0.1) ** 2)) - 0.5 * np.exp(-(((time_s - 4) / 0.1) ** 2))
    samples = (9000 * loudness * np.sin(2 * np.pi * 220 * time_s)).astype("int16")[:, None]
    pieces = split_audio(wav_of(samples, rate=RATE), tmp_path, longest_s=15)
    assert cuts(pieces)[0] == pytest.approx(12.3, abs=0.05), "not at 4 s, where it is quieter still: pieces would be many"
    assert [piece.is_cut_in_silence for piece in pieces] == [False, False, True]
    assert "There is no pause to cut at: piece 0 ends at 12.3" in caplog.text
    assert np.array_equal(joined(pieces), samples)


@pytest.mark.parametrize("noise_level", [0, 50])
def test_quiet_speech_after_loud_is_not_taken_for_silence(noise_level, tmp_path):
    parts = (4.0, 0.5, 3.0, 0.5, 7.0)
    loud, quiet = talk(*parts, loudness=20000), talk(*parts, loudness=2500)
    samples = np.concatenate([loud, quiet, loud]) + np.int16(0)
    samples = samples + (noise_level * np.random.default_rng(1).standard_normal(samples.shape)).astype("int16")
    pauses = [(a + shift, b + shift) for shift in (0, 15, 30) for a, b in pauses_of(*parts)]
    pieces = split_audio(wav_of(samples, rate=RATE), tmp_path, longest_s=15)
    assert all(is_in(cut, pauses) for cut in cuts(pieces)), cuts(pieces)


FORMATS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "ogg": ("ogg", "vorbis"),
    "opus": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_of_any_format_the_pieces_are_what_it_decodes_to(name, tmp_path):
    samples = np.repeat(talk(9.0, 0.5, 7.0, rate=16000), 2 if name == "ogg" else 1, axis=1)
    (tmp_path / f"talk.{name}").write_bytes(encoded(samples, *FORMATS[name]))
    pieces = split_audio(tmp_path / f"talk.{name}", tmp_path, longest_s=15)
    with opened_sound(tmp_path / f"talk.{name}") as sound:
        whole = np.concatenate(list(sound.chunks))
    assert np.array_equal(joined(pieces), whole)
    assert cuts(pieces) == [pytest.approx(9.25, abs=0.15)]
    assert len(whole) / sound.sample_rate == pytest.approx(16.5, abs=0.15)  # a codec's own beginning and end


def test_the_same_sound_gives_the_same_bytes(tmp_path):
    source = encoded(talk(9.0, 0.5, 7.0, rate=16000), "mp3", "libmp3lame")
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    again.mkdir()
    files = [[piece.path.read_bytes() for piece in split_audio(source, folder, longest_s=15)] for folder in (first, again)]
    assert files[0] == files[1]


def test_what_breaks_off_is_refused(tmp_path):
    flac = encoded(noise(20.0), "flac", "flac")
    with pytest.raises(TruncatedMediaError):
        split_audio(flac[: len(flac) // 2], tmp_path, longest_s=15)


@pytest.mark.parametrize("longest_s", [14.9, 59.1, 0, float("nan")])
def test_limits_that_the_service_does_not_take_are_refused(longest_s, tmp_path):
    with pytest.raises(ValueError, match="longest_s must be 15 to 59 seconds"):
        split_audio(wav_of(noise(1.0)), tmp_path, longest_s=longest_s)


def test_an_hour_is_split_in_the_memory_of_a_piece(tmp_path):
    minute = talk(*[7.0, 0.5] * 8, noise=20).tobytes()
    with wave.open(str(tmp_path / "hour.wav"), "wb") as audio:
        audio.setparams((1, 2, RATE, 0, "NONE", ""))
        for _ in range(60):
            audio.writeframes(minute)
    split_audio(wav_of(noise(20.0)), tmp_path)  # what is imported, and kept for good, is no memory of the hour
    tracemalloc.start()
    pieces = split_audio(tmp_path / "hour.wav", tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(piece.duration_s for piece in pieces) == pytest.approx(3600, abs=1e-6)
    assert max(piece.duration_s for piece in pieces) <= 59
    assert peak < 6 * 59 * RATE * 2, "of the hour's 57 MB"


words, gaps = st.floats(0.3, 12.0), st.floats(0.3, 3.0)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(parts=st.lists(st.tuples(words, gaps), min_size=1, max_size=12), last=words, level=st.sampled_from([0, 30, 120]))
def test_whatever_the_pauses_are_nothing_is_lost_and_no_word_is_cut(parts, last, level, tmp_path):
    flat = [*(seconds for pair in parts for seconds in pair), last]
    samples = talk(*flat, noise=level)
    pieces = split_audio(wav_of(samples, rate=RATE), tmp_path, longest_s=15)
    assert np.array_equal(joined(pieces), samples)
    assert max(piece.duration_s for piece in pieces) <= 15
    assert len(pieces) == 1 or min(piece.duration_s for piece in pieces) >= 0.5
    # Words are at most 12 s long: there is a pause in each 15 s.
    assert all(is_in(cut, pauses_of(*flat)) for cut in cuts(pieces)), (flat, cuts(pieces))
    assert all(piece.is_cut_in_silence for piece in pieces)
