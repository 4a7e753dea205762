"""When each word is said, by each engine: told by the engine, and true of the sound."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.speech.doubao import DoubaoCredentials, DoubaoSpeechEngine
from airflow_provider_omnihuman.speech.doubao_timings import sentence_timings
from airflow_provider_omnihuman.speech.errors import SpeechInputError, SpeechServiceError
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from airflow_provider_omnihuman.speech.polly import PollySpeechEngine
from airflow_provider_omnihuman.speech.timings import Timing, read_timings, shifted, timings_json
from tests.speech.scripted_service import Reply, scripted
from tests.speech.test_polly_engine import SPOKEN, polly, reply, request  # noqa: F401 - the fixture is one

WHOLE = (Path(__file__).parent.parent / "data" / "doubao_speech.jsonl").read_text()
KEY = DoubaoCredentials(api_key="key")
VOICE = "zh_female_vv_uranus_bigtts"


def spoken_locally(text, voice="en"):
    audio = LocalSpeechEngine("pcm", 22050).synthesize(text, voice)
    return audio, np.abs(np.frombuffer(audio.data, dtype="<i2").astype(int))


# The local engine


def test_the_words_of_the_local_engine_are_all_there_in_order():
    text = 'Good evening. Here is "Dr. Smith": it is 2019! Yes?'
    audio, _ = spoken_locally(text)
    assert " ".join(timing.text for timing in audio.timings) == text
    times = [time for timing in audio.timings for time in (timing.start_s, timing.end_s)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= audio.duration_s


@pytest.mark.parametrize(
    ("voice", "text"), [("en", "Good evening. Here is the news, and more."), ("zh", "大家好，欢迎收看。今天是星期一。")]
)
def test_they_are_where_the_voice_is_and_the_pauses_are_between_them(voice, text):
    audio, loudness = spoken_locally(text, voice)
    for timing in audio.timings:
        assert loudness[int(timing.start_s * 22050) : int(timing.end_s * 22050)].max() > 1000, timing
    pauses = [(a.end_s, b.start_s) for a, b in zip(audio.timings, audio.timings[1:], strict=False) if b.start_s - a.end_s > 0.12]
    assert len(pauses) == 2, "one for each comma and full stop in the midst of the text"
    for start, end in pauses:
        assert loudness[int(start * 22050) + 1 : int(end * 22050)].max() <= 1000


def test_an_emoji_does_not_move_the_words_behind_it():
    audio, _ = spoken_locally("🎉 Hello 👨‍👩‍👧 world.")
    assert [timing.text for timing in audio.timings][-1] == "world."


# Doubao


def doubao(service, **settings):
    settings = {"sample_rate": 8000, "timings": True, "sleep": lambda _s: None} | settings
    return DoubaoSpeechEngine(credentials=KEY, endpoint=service.endpoint, **settings)


@pytest.mark.parametrize(
    ("resource_id", "asked"),
    [("seed-tts-2.0", "enable_subtitle"), ("seed-icl-2.0", "enable_subtitle"), ("seed-tts-1.0", "enable_timestamp")],
)
def test_each_generation_of_models_is_asked_in_its_own_way(resource_id, asked):
    with scripted(Reply(WHOLE)) as service:
        audio = doubao(service, resource_id=resource_id).synthesize("Hi.", voice=VOICE)
    sent = service.asked[0].document["req_params"]["audio_params"]
    assert {name: value for name, value in sent.items() if name.startswith("enable")} == {asked: True}
    assert audio.timings == (Timing(0.11, 0.4, "Hi."),)


def test_nothing_is_asked_and_nothing_told_by_default():
    with scripted(Reply(WHOLE)) as service:
        audio = doubao(service, timings=False).synthesize("Hi.", voice=VOICE)
    assert audio.timings == ()
    assert not [name for name in service.asked[0].document["req_params"]["audio_params"] if name.startswith("enable")]


def test_a_service_that_refuses_the_question_is_asked_without_it():
    refusal = Reply(json.dumps({"code": 45000001, "message": "unknown field enable_subtitle", "data": None}))
    with scripted(refusal, Reply(WHOLE)) as service:
        assert doubao(service).synthesize("Hi.", voice=VOICE).duration_s > 0
    asked = [asked.document["req_params"]["audio_params"] for asked in service.asked]
    assert ["enable_subtitle" in params for params in asked] == [True, False]


def test_an_argument_that_is_wrong_all_the_same_is_told():
    refusal = Reply(json.dumps({"code": 45000001, "message": "speaker", "data": None}))
    with scripted(refusal) as service, pytest.raises(SpeechServiceError, match="45000001"):
        doubao(service).synthesize("Hi.", voice=VOICE)
    assert len(service.asked) == 2


def sentence(text, *words):
    entries = [{"word": word, "startTime": start, "endTime": end, "confidence": 0.9} for word, start, end in words]
    return {"code": 0, "message": "", "data": None, "sentence": {"text": text, "words": entries}}


def test_words_that_were_read_out_otherwise_are_told_as_they_were_written():
    """The first generation of models times what it reads out, 二零一九 for 2019."""
    frame = sentence(
        "“2019年，好。”",
        ("二", 0.1, 0.2),
        ("零", 0.2, 0.3),
        ("一", 0.3, 0.4),
        ("九", 0.4, 0.5),
        ("年，", 0.5, 0.7),
        ("好。", 0.9, 1.1),
    )
    told = [(timing.start_s, timing.end_s, timing.text) for timing in sentence_timings([frame])]
    assert told == [(0.1, 0.5, "“2019"), (0.5, 0.7, "年，"), (0.9, 1.1, "好。”")]


def test_spaces_between_words_are_no_difference():
    frame = sentence("Good evening, all.", ("Good", 0.1, 0.3), ("evening,", 0.3, 0.7), ("all.", 0.9, 1.1))
    assert [timing.text for timing in sentence_timings([frame])] == ["Good", "evening,", "all."]


def test_sentences_may_come_late_and_without_words():
    late = sentence("a", ("a", 0.1, 0.2))
    whole = {"sentence": {"text": "b c", "startTime": 0.0, "endTime": 0.1, "words": []}}
    assert [timing.text for timing in sentence_timings([late, whole])] == ["b c", "a"]


ANY = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
WORDS = st.lists(st.dictionaries(st.sampled_from(["word", "startTime", "endTime"]), ANY, max_size=3) | ANY, max_size=4) | ANY


@given(
    st.lists(
        st.fixed_dictionaries({"sentence": st.fixed_dictionaries({}, optional={"text": ANY, "words": WORDS}) | ANY}), max_size=3
    )
)
def test_whatever_comes_is_times_or_nothing(frames):
    timings = sentence_timings(frames)
    assert all(0 <= timing.start_s <= timing.end_s and timing.text for timing in timings)


# Polly

MARKS = b"""{"time":6,"type":"word","start":0,"end":4,"value":"Good"}
{"time":370,"type":"word","start":5,"end":12,"value":"evening"}
"""


def marks_request():
    asked = request(OutputFormat="json", SpeechMarkTypes=["word"])
    del asked["SampleRate"]
    return asked


def test_speech_marks_of_polly_are_a_second_request(polly):  # noqa: F811 - the fixture
    polly.stub.add_response("synthesize_speech", reply(), request())
    polly.stub.add_response("synthesize_speech", reply(MARKS), marks_request())
    audio = PollySpeechEngine(client=polly, timings=True).synthesize("Good evening.", voice="Joanna")
    assert audio.timings == (Timing(0.006, 0.37, "Good"), Timing(0.37, audio.duration_s, "evening"))
    polly.stub.assert_no_pending_responses()


@pytest.mark.parametrize("body", [b"no JSON", b'{"type":"word"}', b"[1]", None])
def test_audio_that_is_paid_for_is_never_lost_for_its_marks(polly, body):  # noqa: F811 - the fixture
    polly.stub.add_response("synthesize_speech", reply(), request())
    if body is None:
        polly.stub.add_client_error("synthesize_speech", "MarksNotSupportedForFormatException")
    else:
        polly.stub.add_response("synthesize_speech", reply(body), marks_request())
    audio = PollySpeechEngine(client=polly, timings=True).synthesize("Good evening.", voice="Joanna")
    assert (audio.data, audio.timings) == (SPOKEN.data, ())


# As a document

TIMINGS = st.lists(
    st.tuples(st.floats(0, 1e5), st.floats(0, 10), st.text(st.characters(exclude_categories=["Cs"]))), max_size=5
).map(
    lambda rows: tuple(sorted((Timing(round(a, 3), round(a + b, 3), c) for a, b, c in rows), key=lambda t: (t.start_s, t.end_s)))
)


@given(TIMINGS)
def test_times_come_back_from_their_document(timings):
    assert sorted(read_timings(timings_json(timings)), key=repr) == sorted(timings, key=repr)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"timings": 3}',
        b'{"timings": [{"start_s": 2, "end_s": 1, "text": ""}]}',
        b'{"timings": [{"start_s": 0, "end_s": NaN, "text": ""}]}',
    ],
)
def test_what_is_no_such_document_is_named(document):
    with pytest.raises(SpeechInputError, match=r"s3://b/t\.json"):
        read_timings(document, name="s3://b/t.json")


def test_a_part_of_a_longer_audio_is_shifted():
    assert shifted([Timing(0.5, 1, "a")], 2.0) == (Timing(2.5, 3.0, "a"),)
