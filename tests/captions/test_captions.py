"""Captions of a script: lines that can be read, when they are said, by what the engine tells or by pauses."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.captions.by_engine import timed_by_engine
from airflow_provider_omnihuman.captions.by_silence import timed_by_silence
from airflow_provider_omnihuman.captions.clock import Clock
from airflow_provider_omnihuman.captions.cue import Cue
from airflow_provider_omnihuman.captions.cueing import cues_of, settled
from airflow_provider_omnihuman.captions.making import Line, TimedBy, make_captions
from airflow_provider_omnihuman.captions.segmentation import Layout
from airflow_provider_omnihuman.captions.tokens import columns, tokens
from airflow_provider_omnihuman.media.silence import Silence, find_silences
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from airflow_provider_omnihuman.speech.timings import Timing

ENGLISH = (
    "Good evening, and welcome to the news from the harbour. Tonight the ships are back, after eleven long weeks at sea, and the "
    'whole town has come to see them. "It was cold," says Captain J. R. Smith, who led the fleet of 14 boats. Was it worth it? '
    "The market thinks so: prices fell by 3.5 percent this morning, the largest fall since 1999. Now the weather. It rains."
)
CHINESE = (
    "各位观众晚上好，欢迎收看今天的港口新闻。今晚，渔船在海上度过了漫长的十一个星期之后终于回来了，全城的人都来迎接他们。"
    "“天气非常冷，”船长说。值得吗？市场认为值得：今天早上价格下降了百分之三点五。明天有雨。晚安。"
)
JAPANESE = "こんばんは、港のニュースです。今夜、漁船が長い航海を終えて帰ってきました。町の人々はみな迎えに来ています。"
KOREAN = (
    "안녕하십니까, 항구 뉴스입니다. 오늘 밤 어선들이 열한 주간의 긴 항해를 마치고 드디어 돌아왔습니다. "
    "온 마을 사람들이 마중을 나왔습니다."
)
SCRIPTS = {"en": ENGLISH, "zh": CHINESE}


@pytest.fixture(scope="module")
def spoken():
    return {voice: LocalSpeechEngine("wav", 16000).synthesize(text, voice) for voice, text in SCRIPTS.items()}


def lines(text):
    layout = Layout(text)
    return [layout.lines(block) for block in layout.blocks()]


# Lines


@pytest.mark.parametrize(
    ("text", "widest"), [(ENGLISH, 42), (CHINESE, 36), (JAPANESE, 36), (KOREAN, 36)], ids=["en", "zh", "ja", "ko"]
)
def test_captions_have_two_lines_at_most_that_are_not_too_wide_and_hold_all_words(text, widest):
    captions = lines(text)
    assert max(caption.count("\n") for caption in captions) == 1
    assert max(columns(line) for caption in captions for line in caption.splitlines()) <= widest
    assert "".join("".join(captions).split()) == "".join(text.split())


def test_captions_end_with_sentences_or_clauses_where_they_can():
    assert lines(ENGLISH)[:3] == [
        "Good evening,\nand welcome to the news from the harbour.",
        "Tonight the ships are back,\nafter eleven long weeks at sea,",
        "and the whole town has come to see them.",
    ]


def test_no_line_of_chinese_or_japanese_begins_with_a_full_stop():
    for text in (CHINESE, JAPANESE, "这是一个没有任何逗号的非常非常非常长的句子它一直说下去直到最后才有一个句号。" * 3):
        assert not [line for caption in lines(text) for line in caption.splitlines() if line[0] in "，。？！」、”"]


def test_no_line_begins_with_the_second_half_of_a_vowel():
    assert lines("アー" * 15) == ["アー" * 7 + "\n" + "アー" * 8]


def test_korean_words_are_not_cut():
    assert lines("오늘 " + "가" * 16) == ["오늘\n" + "가" * 16]
    words = set(KOREAN.split())
    assert all(word in words for caption in lines(KOREAN) for word in caption.split())


@given(
    st.text(st.sampled_from("ab 好。，. \n안，é👍🏽a"), max_size=200)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
)
def test_whatever_is_said_nothing_of_it_is_lost(text):
    assert "".join("".join(lines(text)).split()) == "".join(text.split())
    assert all(caption.count("\n") <= 1 for caption in lines(text))


# Timed by the engine


@pytest.mark.parametrize("voice", SCRIPTS)
def test_captions_stand_while_they_are_said(spoken, voice):
    text, audio = SCRIPTS[voice], spoken[voice]
    cues = cues_of(text, Clock(timed_by_engine(text, audio.timings)))
    assert len(cues) > 5
    assert {round(cue.start_s, 6) for cue in cues} <= {round(timing.start_s, 6) for timing in audio.timings}
    assert {round(cue.end_s, 6) for cue in cues} <= {round(timing.end_s, 6) for timing in audio.timings}


def test_what_the_engine_did_not_tell_lies_between_what_it_told():
    timed = timed_by_engine("one two three four", [Timing(0, 1, "One"), Timing(1, 2, "two"), Timing(3, 4, "four.")])
    assert [(word.start_s, word.end_s) for word in timed] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_whole_sentences_are_spread_over_their_words():
    timed = timed_by_engine("Bon mot. Da capo.", [Timing(1, 2, "Bon mot."), Timing(5, 8, "Da capo.")])
    assert [(word.start_s, word.end_s) for word in timed] == [(1, 1.5), (1.5, 2), (5, 6), (6, 8)]


def test_times_of_another_text_are_no_times(spoken):
    assert timed_by_engine("Something else is said here, and nothing of it is the same", spoken["en"].timings) is None


# Timed by pauses


@pytest.mark.parametrize("voice", SCRIPTS)
def test_pauses_time_nearly_as_well_as_the_engine(spoken, voice):
    """The engine knows; the pauses are found in its sound."""
    text, audio = SCRIPTS[voice], spoken[voice]
    known = Clock(timed_by_engine(text, audio.timings))
    found = Clock(timed_by_silence(text, list(find_silences(audio.data)), start_s=0, end_s=audio.duration_s))
    offs = []
    for block in Layout(text).blocks():
        offs += [
            abs(a - b) for a, b in zip(known.span_s(block.start, block.end), found.span_s(block.start, block.end), strict=True)
        ]
    offs.sort()
    assert offs[len(offs) // 2] < 0.05
    assert offs[len(offs) * 3 // 4] < 0.25
    assert offs[-1] < 1.3


def test_sentences_lie_between_long_pauses_and_not_in_them():
    silences = [Silence(0, 1), Silence(3, 4), Silence(6, 10), Silence(12, 13)]
    timed = timed_by_silence("Ba ba ba ba ba. Ba ba ba, ba ba. Ba ba ba ba ba.", silences, start_s=0, end_s=13)
    clock = Clock(timed)
    assert clock.span_s(0, 15) == (pytest.approx(1), pytest.approx(3))
    assert clock.span_s(16, 32) == (pytest.approx(4), pytest.approx(6))
    assert clock.span_s(33, 48) == (pytest.approx(10), pytest.approx(12))


@pytest.mark.parametrize("silences", [[], [Silence(0, 10)], [Silence(0, 5), Silence(5, 10)]])
def test_without_pauses_words_are_spread_over_all(silences):
    timed = timed_by_silence("Bon mot. Sans mal.", silences, start_s=2, end_s=10)
    assert [word.start_s for word in timed] == [2, 4, 6, 8]


@settings(max_examples=40, deadline=None)
@example([(0.0, 1.0), (0.0, 1.0), (3.0, 1.0), (0.0, 3.0), (15.0, 3.0)], CHINESE)
@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.2, 3)), max_size=8), st.sampled_from([ENGLISH, CHINESE, "One.", "", "…"]))
def test_whatever_pauses_there_are_times_go_forward_and_stay_within(stretches, text):
    silences, at = [], 0.0
    for gap, length in stretches:
        silences.append(Silence(at + gap, at + gap + length))
        at += gap + length
    timed = timed_by_silence(text, silences, start_s=1.0, end_s=30.0)
    times = [time for word in timed for time in (word.start_s, word.end_s)]
    assert all(1.0 - 1e-6 <= time <= 30.0 + 1e-6 for time in times)
    assert all(a <= b + 1e-6 for a, b in pairwise(times))
    assert len(timed) == len(tokens(text))


# How long they stand


def test_a_caption_is_long_enough_to_be_read_where_there_is_room():
    short, following = settled([Cue(1.0, 1.1, "Yes."), Cue(9.0, 9.5, "A long caption with forty characters. Yes!")], until_s=20)
    assert short.end_s == pytest.approx(1 + 5 / 6, abs=0.001)
    assert following.end_s == pytest.approx(9 + 42 / 20, abs=0.001)


def test_small_gaps_are_closed_and_large_ones_left():
    first, second, third = settled([Cue(0, 1.5, "One two."), Cue(2.0, 3.0, "Three."), Cue(6.0, 7.0, "Four.")])
    assert first.end_s == pytest.approx(2.0 - 2 / 24, abs=0.001)
    assert second.end_s == pytest.approx(3.25)
    assert third.end_s == pytest.approx(7.25)


def test_no_caption_stands_behind_the_end():
    (cue,) = settled([Cue(4.0, 4.9, "The end of it all, and nothing more.")], until_s=5.0)
    assert cue.end_s == 5.0


def test_two_that_begin_at_once_stand_there_and_not_at_the_end():
    first, second = settled([Cue(1.0, 1.0, "One."), Cue(1.0, 3.0, "Two and three.")], until_s=60.0)
    assert (first.start_s, second.start_s) == (1.0, pytest.approx(1.0, abs=0.002))
    assert second.end_s == pytest.approx(3.25)


def test_what_takes_too_long_is_cut_in_two():
    text = "slowly, slowly, slowly, slowly"
    cues = cues_of(text, Clock(timed_by_silence(text, [], start_s=0, end_s=12)))
    assert [(cue.start_s, cue.end_s) for cue in cues] == [(0, 6), (6, 12)]
    assert " ".join(cue.text for cue in cues) == text


def test_what_is_too_short_goes_with_its_neighbour():
    text = "Yes. It was a long and hard way to go. Good night to all of you."
    cues = cues_of(text, Clock(timed_by_silence(text, [], start_s=0, end_s=5)))
    assert [cue.text for cue in cues] == ["Yes. It was a long and hard way to go.", "Good night to all of you."]


# All together


def test_lines_of_several_speakers_are_timed_each_in_its_place():
    lines = [
        Line("Good evening.", 0.0, 1.0, "Ann", (Timing(0.1, 0.3, "Good"), Timing(0.3, 0.9, "evening."))),
        Line("Hello.", 2.0, 3.0, "Bob", (Timing(0.2, 0.8, "Hello."),)),
    ]
    captions = make_captions(lines, silences=lambda: pytest.fail("nobody has to listen"), until_s=3.0)
    assert captions.timed_by is TimedBy.ENGINE
    assert [(cue.speaker, cue.text, cue.start_s) for cue in captions.cues] == [
        ("Ann", "Good evening.", 0.1),
        ("Bob", "Hello.", 2.2),
    ]


def test_one_line_without_times_is_timed_by_pauses_and_told():
    lines = [Line("Good.", 0.0, 1.0, None, (Timing(0.1, 0.3, "Good."),)), Line("Hello.", 2.0, 3.0)]
    captions = make_captions(lines, silences=lambda: [Silence(1.0, 2.4)])
    assert captions.timed_by is TimedBy.SILENCE
    assert [cue.start_s for cue in captions.cues] == [0.1, 2.4]
