"""A good film, the audio that it was made for, and a check of both."""

import io

import pytest

from airflow_provider_omnihuman.media.quality.expected import Expected, Limits
from airflow_provider_omnihuman.media.quality.finding import Check
from airflow_provider_omnihuman.media.quality.judging import judge
from airflow_provider_omnihuman.media.quality.likeness import look_at_portrait
from airflow_provider_omnihuman.media.quality.measuring import measure
from tests.media.quality.films import film, head, png, speech, wav

PORTRAIT = (head(),)


@pytest.fixture(scope="session")
def voice():
    return speech()


@pytest.fixture(scope="session")
def audio(voice):
    return wav(voice)


@pytest.fixture(scope="session")
def good_film(voice):
    return film(sound=voice)


@pytest.fixture(scope="session")
def findings(audio):
    """Check a film against the audio and the portrait; return the findings by name."""

    def check(mp4, *names, audio=audio, portraits=PORTRAIT, limits=None, **expected):
        looks = [look_at_portrait(io.BytesIO(png(portrait))) for portrait in portraits]
        limits, checks = Limits(**limits or {}), frozenset(map(Check, names)) or frozenset(Check)
        measured = measure(mp4, audio=audio, portraits=looks, limits=limits, checks=checks)
        judged = judge(measured, Expected(**{"short_side": 180, "fps": 25} | expected), limits, checks=checks)
        return {str(finding.name): finding for finding in judged}

    return check
