"""WebVTT and SubRip: read back by strict readers, whatever is said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.captions.cue import Cue
from airflow_provider_omnihuman.captions.cueing import settled
from airflow_provider_omnihuman.captions.languages import track_language
from airflow_provider_omnihuman.captions.srt import srt
from airflow_provider_omnihuman.captions.webvtt import webvtt
from tests.captions.caption_files import read_srt, read_vtt

VISIBLE = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
LINES = st.text(VISIBLE | st.sampled_from("<>&-{\\"), min_size=1, max_size=20).filter(str.strip)
CUES = st.lists(
    st.builds(
        Cue, st.floats(0, 9000), st.floats(0, 9000), st.lists(LINES, min_size=1, max_size=2).map("\n".join), st.none() | LINES
    ),
    max_size=6,
).map(settled)


def test_a_vtt_file_is_as_the_standard_shows_it():
    cues = [Cue(0.5, 1.25, "Good evening,\nall."), Cue(3661.0, 3662.9996, "R&D <now> --> next", "Ann <b>")]
    assert webvtt(cues) == (
        "WEBVTT\n"
        "\n1\n00:00:00.500 --> 00:00:01.250\nGood evening,\nall.\n"
        "\n2\n01:01:01.000 --> 01:01:03.000\n<v Ann &lt;b&gt;>R&amp;D &lt;now&gt; --&gt; next\n"
    )


def test_an_srt_file_has_commas_numbers_and_speakers():
    cues = [Cue(0.5, 1.25, "Good evening,\nall."), Cue(3661.0, 3662.9, "R&D --> next", "Ann")]
    assert srt(cues) == (
        "1\n00:00:00,500 --> 00:00:01,250\nGood evening,\nall.\n\n2\n01:01:01,000 --> 01:01:02,900\nAnn: R&D → next\n"
    )


@pytest.mark.parametrize("text", ["<i>no markup</i>", "{\\an8}no position", "<b>"])
def test_no_player_takes_a_text_for_markup(text):
    (cue,) = read_srt(srt([Cue(0, 1, text)]))
    assert not re.search(r"<[A-Za-z/]|\{\\", cue[2])


@pytest.mark.parametrize("text", ["a < b", "{a}", "1 > 0"])
def test_what_is_no_markup_stays_as_it_is(text):
    assert read_srt(srt([Cue(0, 1, text)]))[0][2] == text


@given(CUES)
def test_a_vtt_file_is_read_back_as_it_was(cues):
    expected = [
        (
            cue.start_s,
            cue.end_s,
            cue.speaker and " ".join(cue.speaker.split()),
            "\n".join(filter(str.strip, cue.text.splitlines())),
        )
        for cue in cues
    ]
    assert read_vtt(webvtt(cues)) == expected


@given(CUES)
def test_an_srt_file_is_read_back_with_the_times_and_lines_that_it_has(cues):
    read = read_srt(srt(cues))
    assert [(start, end) for start, end, _ in read] == [(cue.start_s, cue.end_s) for cue in cues]


@given(CUES, st.none() | st.floats(1, 9000))
def test_captions_are_settled_in_order_and_never_two_at_once(cues, until_s):
    result = settled(cues, until_s=until_s)
    assert len(result) == len(cues)
    times = [time for cue in result for time in (cue.start_s, cue.end_s)]
    assert times == sorted(times)
    assert all(cue.start_s < cue.end_s <= cue.start_s + 7.001 for cue in result)


@pytest.mark.parametrize(
    ("given_code", "text", "code"),
    [
        ("en", "", "eng"),
        ("zh-CN", "", "zho"),
        ("ENG", "", "eng"),
        ("nl_BE", "", "nld"),
        ("tr", "", "tur"),
        (None, "今天很好。", "zho"),
        (None, "今日は", "jpn"),
        (None, "안녕", "kor"),
        (None, "Hola", "und"),
        ("english", "", None),
    ],
)
def test_the_language_of_a_track(given_code, text, code):
    assert track_language(given_code, text) == code
