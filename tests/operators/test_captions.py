"""CaptionsOperator: what was said in a video, beside it, over real sockets."""

from __future__ import annotations

import io
import json

import av
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG

from airflow_provider_omnihuman.links.s3_objects import CaptionedVideoLink, CaptionsLink
from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.operators.captions import CaptionsOperator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine
from airflow_provider_omnihuman.speech.timings import Timing, timings_json
from tests.captions.caption_files import read_srt, read_vtt
from tests.conftest import BUCKET
from tests.media.media_files import LABEL, picture
from tests.task_context import task_context

NEWS = "Good evening to all of you. Here is the news from the harbour: the ships are back. Good night to all of you."


@pytest.fixture(scope="session")
def talk(tmp_path_factory):
    """A film with a voice, a label, and few pictures; and the voice's own times."""
    audio = LocalSpeechEngine("wav", 16000).synthesize(NEWS, "en")
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    with av.open(io.BytesIO(audio.data)) as sound, av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as film:
        film.metadata["AIGC"] = json.dumps(LABEL)
        video, voice = film.add_stream("libx264", rate=5), film.add_stream("aac", rate=16000, layout="mono")
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for number in range(round(audio.duration_s * 5)):
            film.mux(video.encode(picture(number)))
        film.mux(video.encode(None))
        for frame in sound.decode(audio=0):
            film.mux(voice.encode(frame))
        film.mux(voice.encode(None))
    return path.read_bytes(), audio


@pytest.fixture
def caption(connections):
    def run(**arguments):
        operator = CaptionsOperator(task_id="captions", **arguments)
        result = operator.execute(task_context())
        return json.loads(json.dumps(result)), operator

    return run


@pytest.fixture
def stored(s3):
    def read(uri):
        found = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
        return found["Body"].read(), found["ContentType"]

    return read


@pytest.fixture
def film(put, talk):
    return put("films/talk.mp4", talk[0])


@pytest.fixture
def spoken(put, talk):
    _, audio = talk
    uri = put("films/speech.wav", audio.data)
    timings = put("films/speech.wav.timings.json", timings_json(audio.timings))
    return {"uri": uri, "seconds": audio.duration_s, "format": "wav", "timings_uri": timings}


def test_captions_are_beside_the_video_as_browsers_and_players_take_them(caption, stored, film, spoken, talk):
    result, _ = caption(video=film, text=NEWS, spoken=spoken)
    vtt, vtt_type = stored(result["vtt_uri"])
    srt, srt_type = stored(result["srt_uri"])
    assert (result["vtt_uri"], result["srt_uri"]) == (f"s3://{BUCKET}/films/talk.vtt", f"s3://{BUCKET}/films/talk.srt")
    assert (vtt_type, srt_type) == ("text/vtt; charset=utf-8", "application/x-subrip")
    cues = read_vtt(vtt.decode())
    assert [(start, end, text) for start, end, _, text in cues] == read_srt(srt.decode())
    assert " ".join(" ".join(text.split()) for *_, text in cues) == NEWS
    assert (result["timed_by"], result["cues"], result["captioned_uri"]) == ("engine", len(cues), None)
    assert cues[1][0] == pytest.approx(next(timing.start_s for timing in talk[1].timings if timing.text == "Here"), abs=0.001)


def test_without_times_of_the_engine_its_pauses_tell_nearly_the_same(caption, stored, film, spoken):
    told, _ = caption(video=film, text=NEWS, spoken=spoken, s3_key="told")
    heard, _ = caption(video=film, text=NEWS, s3_key="heard.vtt")
    assert (told["timed_by"], heard["timed_by"]) == ("engine", "silence")
    assert heard["vtt_uri"] == f"s3://{BUCKET}/heard.vtt"
    cues = [read_vtt(stored(result["vtt_uri"])[0].decode()) for result in (told, heard)]
    for known, found in zip(*cues, strict=True):
        assert found[3] == known[3]
        assert found[0] == pytest.approx(known[0], abs=0.15)


def test_a_copy_has_the_captions_in_it_and_the_original_is_not_touched(caption, stored, film, spoken, talk, s3):
    before = s3.head_object(Bucket=BUCKET, Key="films/talk.mp4")
    result, operator = caption(video=film, text=NEWS, spoken=spoken, soft_subtitles="true", language="en-GB")
    copy, content_type = stored(result["captioned_uri"])
    assert (result["captioned_uri"], content_type) == (f"s3://{BUCKET}/films/talk.captioned.mp4", "video/mp4")
    assert read_aigc_label(copy).raw == json.dumps(LABEL)
    with av.open(io.BytesIO(copy)) as opened:
        assert [stream.metadata["language"] for stream in opened.streams.subtitles] == ["eng"]
    after = s3.head_object(Bucket=BUCKET, Key="films/talk.mp4")
    assert (after["ETag"], after["LastModified"]) == (before["ETag"], before["LastModified"])
    assert stored(film)[0] == talk[0]
    assert CaptionsLink().get_link(operator, ti_key=None).endswith("/films/talk.vtt")
    assert CaptionedVideoLink().get_link(operator, ti_key=None).endswith("/films/talk.captioned.mp4")


def test_a_dialogue_has_the_name_of_who_speaks(caption, stored, film, put):
    times = put("a.timings.json", timings_json([Timing(0.1, 0.9, "Hello.")]))
    lines = [{"speaker": "Ann", "text": "Hello."}, {"speaker": "Bob", "text": "Good evening, Ann."}]
    spoken = [{"uri": "s3://b/a", "seconds": 1.0, "timings_uri": times}, {"uri": "s3://b/b", "seconds": 2.0, "timings_uri": None}]
    result, _ = caption(video=film, lines=json.dumps(lines), spoken=spoken, pauses="[0.5, 0.5]")
    ann, bob = read_vtt(stored(result["vtt_uri"])[0].decode())
    assert (ann[0], ann[2], ann[3]) == (0.1, "Ann", "Hello.")
    assert 1.4 < bob[0] < 2.0
    assert read_srt(stored(result["srt_uri"])[0].decode())[1][2] == "Bob: Good evening, Ann."
    assert result["timed_by"] == "silence", "not all of it is told by the engine"


def test_a_joined_video_tells_where_its_clips_begin(caption, stored, film, put):
    times = put("a.timings.json", timings_json([Timing(0.1, 0.9, "Hello.")]))
    told = {"uri": film, "bytes": 1, "sha256": "0" * 64, "duration_s": 5.0, "width": 320, "height": 180, "fps": 5.0}
    clips = [{"start_s": start, "duration_s": 1.0} for start in (0.0, 3.0)]
    put("films/talk.json", json.dumps({"video": told, "aigc_label": {}, "clips": clips}).encode())
    result, _ = caption(video=film, lines=[{"text": "Hello.", "timings_uri": times, "start_s": None}] * 2)
    assert [cue[0] for cue in read_vtt(stored(result["vtt_uri"])[0].decode())] == [0.1, 3.1]
    assert result["timed_by"] == "engine"


def test_speech_alone_can_be_captioned_too(caption, stored, connections):
    spoken = TextToSpeechOperator(task_id="speech", text=NEWS, engine="local", s3_key="only/speech.mp3").execute(task_context())
    result, _ = caption(text=NEWS, spoken=spoken, s3_key="only/speech", formats=["vtt"])
    assert (result["vtt_uri"], result["srt_uri"], result["timed_by"]) == (f"s3://{BUCKET}/only/speech.vtt", None, "engine")
    heard, _ = caption(text=NEWS, spoken=spoken | {"timings_uri": None}, s3_key="only/speech", formats="vtt")
    assert heard["timed_by"] == "silence"


def test_times_that_are_gone_are_told_and_pauses_taken(caption, film, spoken, logged):
    result, _ = caption(video=film, text=NEWS, spoken=spoken | {"timings_uri": f"s3://{BUCKET}/gone.json"})
    assert result["timed_by"] == "silence"
    assert "timed by pauses" in logged()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "made of text, or of lines, and of one of them"),
        ({"text": "a", "lines": [{"text": "a"}]}, "one of them"),
        ({"lines": "[1"}, "lines is not JSON"),
        ({"lines": []}, "lines must be a list"),
        ({"lines": [{"speaker": "Ann", "text": " "}]}, r"lines\[0\] has no text"),
        ({"lines": [{"text": "a"}, {"text": "b"}]}, r"not known when lines\[0\] ends: give spoken="),
        ({"lines": [{"text": "a", "start_s": "x"}]}, r"start_s of lines\[0\] must be a number of seconds"),
        ({"lines": [{"text": "a"}], "spoken": [{}, {}]}, "spoken has 2 audios, and there are 1 lines"),
        ({"text": "a", "spoken": "s3://b/a.mp3"}, "spoken must be what TextToSpeechOperator returned"),
        ({"text": "a", "pauses": [-1]}, "pauses must be seconds"),
        ({"text": "a", "pauses": "often"}, "pauses must be seconds"),
        ({"text": "a", "formats": ["ass"]}, "formats must be of vtt, srt"),
        ({"text": "a", "language": "english"}, "language is 'english': use a code"),
        ({"text": "a", "video": f"s3://{BUCKET}/not/there.mp4"}, "not/there.mp4 is not there"),
        ({"text": "a", "video": None, "s3_key": "k"}, "not known when|no sound"),
        ({"text": "a", "video": None, "s3_key": "k", "soft_subtitles": True}, "soft_subtitles needs a video"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_written(caption, film, s3, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        caption(**{"video": film} | arguments)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["films/talk.mp4"]


def test_the_copy_never_replaces_the_video(caption, put, talk):
    film = put("films/talk.captioned.mp4", talk[0])
    with pytest.raises(AirflowFailException, match=r"would replace s3://omnihuman-tests/films/talk\.captioned\.mp4"):
        caption(video=film, text=NEWS, soft_subtitles=True, s3_key="films/talk")


def test_all_that_a_person_sets_is_templated():
    names = [name for name in CaptionsOperator.template_fields if name != "lines"]
    with DAG("d", schedule=None):
        operator = CaptionsOperator(task_id="t", lines=[{"text": "{{ x }}"}], **dict.fromkeys(names, "{{ x }}"))
    operator.render_template_fields({"x": "rendered"})
    assert {getattr(operator, name) for name in names} == {"rendered"}
    assert operator.lines == [{"text": "rendered"}]
