"""A text over the engine's limit: spoken in pieces, each of which is paid for once, and joined to one audio."""

from __future__ import annotations

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.long_speech import Say, speak_long
from airflow_provider_omnihuman.archive.spoken import Spoken, keep_piece, read_piece
from airflow_provider_omnihuman.media.probe import probe_audio
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.speech.limits import TextLimit
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from airflow_provider_omnihuman.speech.protocol import AudioFormat
from airflow_provider_omnihuman.speech.timings import read_timings
from tests.conftest import BUCKET
from tests.task_context import task_context

NEWS = "Good evening. The ships are back. — 🎉 Here is the weather: it rains in the harbour. Good night to all."
SHORT_CALLS = {"max_bytes": 34}
PIECES = 4


@pytest.fixture
def say(connections):
    def run(text=NEWS, *, run_id="first", **arguments):
        arguments = {"split_text": True, "engine_options": SHORT_CALLS} | arguments
        return TextToSpeechOperator(task_id="speech", text=text, **arguments).execute(task_context(run_id=run_id))

    return run


def asked(emulator):
    return sum(emulator.state()["requests"].get("speech", {}).values())


@pytest.fixture
def stored(s3):
    def read(uri):
        found = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
        return found["Body"].read(), found["ContentType"]

    return read


def test_the_pieces_are_spoken_in_turn_and_joined_to_one_wav(say, stored, emulator, logged):
    result = say()
    data, content_type = stored(result["uri"])
    facts = probe_audio(data)
    assert (facts.codec, facts.format, content_type) == ("pcm_s16le", "wav", "audio/wav")
    assert result["uri"].endswith("/speech.wav")
    assert (result["format"], result["bytes"], result["pieces"]) == ("wav", len(data), PIECES)
    assert result["seconds"] == pytest.approx(facts.duration_s, abs=0.001)
    assert asked(emulator) == PIECES
    assert f"piece 3 of {PIECES}" in logged()


def test_the_whole_is_as_long_as_its_pieces_and_the_pauses_between_them(say):
    pieces = ["Good evening. The ships are back.", "Here is the weather:"]
    alone = [say(text, run_id=text[:4], audio_format="pcm")["seconds"] for text in pieces]
    together = say(" ".join(pieces))
    assert together["pieces"] == 2
    assert together["seconds"] == pytest.approx(sum(alone) + 0.2, abs=0.001)


@pytest.mark.parametrize(("audio_format", "codec"), [("mp3", "mp3"), ("ogg_opus", "opus")])
def test_another_format_is_encoded_once_and_lasts_as_long(say, stored, audio_format, codec):
    result = say(audio_format=audio_format)
    facts = probe_audio(stored(result["uri"])[0])
    assert facts.codec.startswith(codec)
    assert facts.duration_s == pytest.approx(result["seconds"], abs=0.1)
    assert result["format"] == audio_format


def test_a_text_within_the_limit_is_spoken_as_ever(say):
    result = say("Good evening.")
    assert (result["pieces"], result["format"]) == (1, "mp3")


def test_without_split_text_the_error_names_it(say, emulator):
    with pytest.raises(AirflowFailException, match=r"the doubao engine takes 34 in one call: set split_text=True"):
        say(split_text=False)
    assert asked(emulator) == 0


def test_a_crash_in_the_middle_speaks_nothing_again(say, emulator):
    emulator.fault(kind="code", action="speech", code="45000001", skip=2)
    with pytest.raises(AirflowFailException, match="45000001"):
        say()
    assert asked(emulator) == 3
    result = say()
    assert result["pieces"] == PIECES
    assert asked(emulator) == 3 + PIECES - 2, "the two that were there are not spoken, and billed, again"


def test_what_was_spoken_is_kept_before_a_disk_can_be_full(connections, s3, tmp_path):
    hook, kept = S3Hook(), S3Location(BUCKET, "piece")
    say = Say(LocalSpeechEngine().synthesize, lambda _text: kept, hook)
    with pytest.raises(FileNotFoundError):
        speak_long(["Good evening."], tmp_path / "no folder" / "speech", say, audio_format=AudioFormat.WAV)
    assert read_piece(hook, kept)


def test_another_run_takes_the_whole_and_speaks_nothing(say, stored, emulator):
    first = say(timings=True)
    second = say(run_id="second", timings=True)
    assert asked(emulator) == PIECES
    assert second == first | {"uri": second["uri"], "timings_uri": second["timings_uri"]}
    assert second["uri"] != first["uri"]
    for name in ("uri", "timings_uri"):
        assert stored(second[name]) == stored(first[name])


def test_a_changed_sentence_is_all_that_is_spoken_anew(say, emulator):
    say()
    say(NEWS.replace("The ships are back", "The ships are lost"), run_id="second")
    assert asked(emulator) == PIECES + 1


@pytest.mark.parametrize("engine", ["doubao", "local"])
def test_the_times_of_words_are_those_of_the_whole(say, stored, engine, monkeypatch):
    if engine == "local":
        monkeypatch.setattr(LocalSpeechEngine, "text_limit", TextLimit(34))
    result = say(engine=engine, engine_options=SHORT_CALLS if engine == "doubao" else None, timings=True)
    document, content_type = stored(result["timings_uri"])
    assert content_type == "application/json"
    assert result["timings_uri"] == result["uri"] + ".timings.json"
    timings = read_timings(document)
    assert [c for timing in timings for c in timing.text if c.isalnum()] == [c for c in NEWS if c.isalnum()]
    times = [time for timing in timings for time in (timing.start_s, timing.end_s)]
    assert times == sorted(times)
    assert result["seconds"] - 0.5 < times[-1] <= result["seconds"]


def test_nobody_asks_for_the_times_of_words_by_default_and_none_are_told(say):
    assert say()["timings_uri"] is None
    assert say(run_id="second", timings=True)["timings_uri"] is None, "what is there is not spoken again for them"
    assert say(run_id="third", timings=True, reuse_spoken=False)["timings_uri"]


def test_the_local_engine_tells_them_in_any_case(say, stored):
    result = say("Good evening.", engine="local", engine_options=None)
    assert [timing.text for timing in read_timings(stored(result["timings_uri"])[0])] == ["Good", "evening."]


def test_an_engine_of_ones_own_speaks_pieces_in_its_own_format(say, stored):
    class Curt(LocalSpeechEngine):
        text_limit = TextLimit(34)

    result = say(engine=Curt("ogg_opus"), engine_options=None)
    assert (result["pieces"], probe_audio(stored(result["uri"])[0]).format) == (PIECES, "wav")


def test_a_piece_that_cannot_be_kept_is_told_and_no_more(connections, s3, logged):
    place = S3Location("there-is-no-such-bucket", "piece")
    keep_piece(S3Hook(), place, b"sound", Spoken(1.0, 5), (), content_type="audio/wav")
    assert "a piece of the speech cannot be kept" in logged()
