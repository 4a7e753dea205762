"""Soundtrack and loudness: a film that fails each, and what must not be a false alarm."""

import av
import numpy as np
import pytest

from airflow_provider_omnihuman.media.quality.given_audio import opened_audio
from airflow_provider_omnihuman.media.quality.soundtrack import SoundtrackComparison
from tests.media.quality.films import RATE, SECONDS, film, speech, wav


def short(sound, **options):
    """A film whose pictures do not matter."""
    return film(sound=sound, fps=5, **options)


def silence(seconds):
    return np.zeros(int(seconds * RATE))


def test_the_given_audio_is_known_by_a_likeness_of_nearly_one(findings, good_film):
    found = findings(good_film, "soundtrack")["soundtrack"]
    assert found.passed
    assert found.value["likeness"] > 0.99
    assert abs(found.value["offset_ms"]) <= 2


def test_another_audio_of_the_same_length_and_level_fails(findings):
    found = findings(short(speech(seed=2)), "soundtrack")["soundtrack"]
    assert found.passed is False
    assert found.value["likeness"] < 0.15
    assert "the sound is not the given audio" in found.message


def test_another_audio_in_one_part_fails_and_says_where(findings, voice):
    mixed = np.concatenate([speech(seed=2)[: 4 * RATE], voice[4 * RATE :]])
    found = findings(short(mixed), "soundtrack")["soundtrack"]
    assert found.passed is False
    assert "at 0:00.0–0:04." in found.message


def test_two_seconds_of_another_audio_are_found_wherever_they_lie(findings, voice):
    mixed = np.concatenate([voice[: int(2.25 * RATE)], speech(seed=2)[: 2 * RATE], voice[int(4.25 * RATE) :]])
    found = findings(short(mixed), "soundtrack")["soundtrack"]
    assert found.passed is False
    assert "at 0:01.5–0:04.5" in found.message


@pytest.mark.parametrize(
    "options",
    [{"rate": 44_100}, {"rate": 16_000, "bit_rate": 24_000}, {"bit_rate": 32_000}],
    ids=["44.1 kHz", "16 kHz and few bits", "few bits"],
)
@pytest.mark.parametrize("gain", [0.05, -2.0], ids=["quiet", "loud, upside down"])
def test_codec_rate_and_level_change_nothing(findings, voice, options, gain):
    found = findings(short(voice * gain, **options), "soundtrack")["soundtrack"]
    assert found.passed, found.message
    assert found.value["likeness"] > 0.9


@pytest.mark.parametrize("late_s", [0.05, -0.05, 0.3, -0.3])
def test_the_offset_is_told_and_a_large_one_fails(findings, voice, late_s):
    shift = round(abs(late_s) * RATE)
    moved = (
        np.concatenate([silence(late_s), voice])[: voice.size]
        if late_s > 0
        else np.concatenate([voice[shift:], silence(-late_s)])
    )
    found = findings(short(moved), "soundtrack")["soundtrack"]
    assert found.value["offset_ms"] == pytest.approx(late_s * 1000, abs=2)
    assert found.passed is (abs(late_s) < 0.1)
    assert f"{abs(round(late_s * 1000))} ms {'late' if late_s > 0 else 'early'}" in found.message


def test_sound_that_changes_its_form_midway_is_compared_all_the_same(audio, voice):
    """As damage in a track may make it."""
    with opened_audio(audio) as given:
        comparison = SoundtrackComparison(given)
        for layout, channels, at_s in (("mono", 1, 0), ("stereo", 2, 3)):
            part = voice[at_s * RATE : (at_s + 3) * RATE].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.tile(part, (channels, 1)), format="fltp", layout=layout)
            frame.sample_rate = RATE
            comparison.hear(frame, at_s)
        comparison.end()
    assert min(window.likeness for window in comparison.windows) > 0.9
    assert {window.offset_s for window in comparison.windows} == {0.0}


def test_sound_that_begins_after_the_first_picture_is_late(findings, voice):
    found = findings(short(voice, sound_at_s=0.5), "soundtrack")["soundtrack"]
    assert found.value["offset_ms"] == pytest.approx(500, abs=2)
    assert not found.passed


def test_sound_that_slips_out_of_place_midway_fails_and_says_where(findings, voice):
    slipped = np.concatenate([voice[: 4 * RATE], silence(0.3), voice[4 * RATE :]])
    found = findings(short(slipped, seconds=6.3), "soundtrack")["soundtrack"]
    assert found.passed is False
    assert "out of place at 0:03." in found.message
    assert "–0:06.0" in found.message
    assert "300 ms late" in found.message


@pytest.mark.parametrize("sound", [None, silence(SECONDS)], ids=["no track", "a silent track"])
def test_a_silent_film_fails_both(findings, sound):
    found = findings(short(sound), "soundtrack", "loudness")
    assert found["soundtrack"].passed is False
    assert found["loudness"].passed is False
    assert "no sound at all" in found["loudness"].message or "nothing to be heard" in found["loudness"].message


def test_silence_that_was_given_is_taken_and_noise_in_its_place_is_not(findings):
    given = wav(silence(SECONDS))
    assert findings(short(silence(SECONDS)), "soundtrack", audio=given)["soundtrack"].passed
    found = findings(short(speech()), "soundtrack", audio=given)["soundtrack"]
    assert found.passed is False
    assert "where the given audio is silent" in found.message


def test_pauses_and_breath_are_no_false_alarm(findings, voice):
    breath = np.random.default_rng(3).normal(0, 10 ** (-62 / 20), voice.size)
    spoken = np.where((np.arange(voice.size) // RATE) >= 4, breath, voice)  # the last window is breath alone
    assert findings(short(spoken, bit_rate=32_000), "soundtrack", audio=wav(spoken))["soundtrack"].passed


@pytest.mark.parametrize("given", [0.3, 4.2])
def test_short_ends_are_compared_as_far_as_they_go(findings, voice, given):
    part = voice[: int(given * RATE)]
    assert findings(short(part, seconds=given + 0.2), "soundtrack", audio=wav(part))["soundtrack"].passed
    other = speech(seed=2)[: part.size]
    assert not findings(short(other, seconds=given + 0.2), "soundtrack", audio=wav(part))["soundtrack"].passed


@pytest.mark.parametrize(("dbfs", "passed"), [(-45, False), (-32, True), (-20, True)], ids=["faint", "quiet speech", "speech"])
def test_what_is_too_quiet_fails(findings, voice, dbfs, passed):
    found = findings(short(voice * 10 ** ((dbfs + 20) / 20)), "loudness")["loudness"]
    assert found.passed is passed, found.message
    assert found.value["lufs"] == pytest.approx(dbfs, abs=4)
    assert ("too quiet" in found.message) is not passed


def test_what_is_too_loud_fails(findings, voice):
    found = findings(short(np.clip(voice * 40, -1, 1)), "loudness")["loudness"]
    assert found.passed is False
    assert "too loud" in found.message


def test_peaks_are_judged_where_a_limit_is_given(findings, voice):
    mp4 = short(voice * 0.9 / np.abs(voice).max())
    assert findings(mp4, "loudness")["loudness"].passed
    found = findings(mp4, "loudness", limits={"most_dbtp": -3.0})["loudness"]
    assert found.passed is False
    assert found.value["peak_dbtp"] == pytest.approx(-0.9, abs=0.7)


def test_loudness_is_that_of_ebu_r128(findings):
    """EBU Tech 3341, test case 1, on one channel: a sine of 1 kHz at −23 dBFS has −23 − 3 LUFS."""
    sine = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * np.arange(int(SECONDS * RATE)) / RATE)
    assert findings(short(sine, bit_rate=192_000), "loudness")["loudness"].value["lufs"] == pytest.approx(-26, abs=0.15)
