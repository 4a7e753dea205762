"""Silence is found by what is loud and quiet around it: over noise, in soft speech, in streams of any length."""

import numpy as np
import pytest

from airflow_provider_omnihuman.media.silence import Silence, find_silences
from tests.media.sounds import wav_of
from tests.media.speech import RATE, pauses_of, talk, word

PARTS = (3.0, 0.5, 4.0, 0.3, 2.5, 1.5, 6.0)


def found(samples, **options):
    return list(find_silences(wav_of(samples, rate=RATE), **options))


def assert_pauses(silences, pauses, *, within_s=0.06):
    assert [(s.start_s, s.end_s) for s in silences] == [pytest.approx(pause, abs=within_s) for pause in pauses]


@pytest.mark.parametrize(
    ("loudness", "noise"),
    [
        pytest.param(8000, 0, id="digital silence"),
        pytest.param(8000, 100, id="a noisy room"),
        pytest.param(20000, 800, id="a noisy street"),
        pytest.param(300, 4, id="quiet speech"),
    ],
)
def test_pauses_are_found_and_nothing_else(loudness, noise):
    assert_pauses(found(talk(*PARTS, loudness=loudness, noise=noise)), pauses_of(*PARTS))


def test_a_speaker_who_lowers_the_voice_is_no_silence():
    loud, quiet = talk(*PARTS, loudness=20000, noise=10), talk(*PARTS, loudness=900, noise=10, seed=7)
    shift = sum(PARTS)
    pauses = [*pauses_of(*PARTS), *((start + shift, end + shift) for start, end in pauses_of(*PARTS))]
    assert_pauses(found(np.concatenate([loud, quiet])), pauses)


def test_digital_silence_before_a_talk_does_not_make_speech_of_the_noise_in_its_pauses():
    samples = np.concatenate([np.zeros((RATE, 1), "int16"), talk(*PARTS, noise=60)])
    assert_pauses(found(samples), [(0.0, 1.0), *((start + 1, end + 1) for start, end in pauses_of(*PARTS))])


def test_a_sound_card_with_an_offset_hides_no_pause():
    assert_pauses(found(talk(*PARTS, noise=10) + np.int16(2000)), pauses_of(*PARTS))


def test_music_has_no_silence():
    time_s = np.arange(20 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in (220, 277, 330)) * (1 + 0.3 * np.sin(2 * np.pi * 2 * time_s))
    assert found((2500 * chord).astype("int16")[:, None]) == []


def test_what_is_shorter_than_asked_for_is_no_silence():
    parts = (2.0, 0.15, 2.0, 0.35, 2.0, 0.8, 2.0)
    pauses = pauses_of(*parts)
    assert_pauses(found(talk(*parts)), pauses[1:])
    assert_pauses(found(talk(*parts), shortest_s=0.6), pauses[2:])
    assert_pauses(found(talk(*parts), shortest_s=0.1), pauses)


def test_a_silence_across_the_border_of_two_sections_is_one():
    parts = (59.0, 2.5, 40.0, 0.5, 17.5, 3.0, 10.0)
    assert_pauses(found(talk(*parts, noise=20)), pauses_of(*parts))


def test_a_sound_that_is_silent_throughout_is_one_silence():
    assert found(np.zeros((150 * RATE, 1), "int16")) == [Silence(0.0, 150.0)]


def test_silence_on_one_channel_only_is_none():
    both = np.concatenate([talk(*PARTS), word(sum(PARTS))], axis=1)
    assert found(both) == []
