"""Archived clips become one archived film, told of as any other video is."""

import hashlib
import json

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import Asset, AssetAlias

from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.media.probe import probe_image, probe_video
from airflow_provider_omnihuman.operators.archive import DEFAULT_ASSET_ALIAS
from airflow_provider_omnihuman.operators.join_videos import JoinVideosOperator
from tests.conftest import BUCKET
from tests.media.films import beeps, beeps_in, flashes_in, make_clip
from tests.media.media_files import LABEL
from tests.media.sounds import wav_of
from tests.operators.archives import body, keys, open_uploads
from tests.task_context import task_context

LENGTHS = (1.013, 0.7, 1.27)
TOTAL = 2.983
FRAME_S = 1 / 25
PREFIX = f"s3://{BUCKET}/omnihuman/a_dag/manual__2026-01-01T00_00_00_00_00/a_task/"
META = {"producer_id": "p-1", "content_propagator": "spread"}


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """Three labelled clips with a flash and a beep at their beginnings."""
    folder, tags = tmp_path_factory.mktemp("parts"), {"AIGC": json.dumps(LABEL)}
    return [
        make_clip(folder / f"{index}.mp4", beeps(length, 0.0), flashes_s=[0.0], tags=tags).read_bytes()
        for index, length in enumerate(LENGTHS)
    ]


@pytest.fixture
def clips(connections, put, films):
    """What the archive operator returned of each of them."""
    return [
        {
            "uri": put(f"in/clips/{index}.mp4", film),
            "manifest_uri": f"s3://{BUCKET}/in/clips/{index}.json",
            "task_id": f"71{index}",
            "billed_seconds": 1.5,
            "cost": {"amount": 1.65, "currency": "CNY"},
        }
        for index, film in enumerate(films)
    ]


@pytest.fixture
def audio_url(put):
    return put("in/talk.wav", wav_of(beeps(TOTAL, 0.0, 1.013, 1.713)))


def join(videos, context=None, **arguments):
    return JoinVideosOperator(task_id="join", videos=videos, **arguments).execute(context or task_context())


def film_in(s3, facts, tmp_path):
    (tmp_path / "film.mp4").write_bytes(body(s3, facts["uri"]))
    return tmp_path / "film.mp4"


def test_the_film_is_archived_as_a_rendered_video_is(clips, audio_url, s3, tmp_path):
    facts = join(clips, durations=list(LENGTHS), soundtrack=audio_url)
    assert facts["uri"] == f"{PREFIX}film.mp4"
    film = film_in(s3, facts, tmp_path)
    assert (facts["bytes"], facts["sha256"]) == (film.stat().st_size, hashlib.sha256(film.read_bytes()).hexdigest())
    assert facts["duration_s"] == probe_video(film).duration_s == pytest.approx(TOTAL, abs=FRAME_S)
    assert (facts["reencoded"], facts["reason"], facts["reused"]) == (False, None, False)
    assert (facts["task_id"], facts["fingerprint"]) == (None, None)
    assert facts["clips"] == [clip["uri"] for clip in clips]
    assert facts["aigc_label_found"]
    assert read_aigc_label(film).produce_id == "p-1"
    assert probe_image(body(s3, facts["poster_uri"])).format == "jpeg"
    assert s3.head_object(Bucket=BUCKET, Key=facts["uri"].removeprefix(f"s3://{BUCKET}/"))["ContentType"] == "video/mp4"


def test_the_manifest_tells_of_the_clips_and_sums_up_their_cost(clips, audio_url, s3, films):
    facts = join(clips, durations=list(LENGTHS), soundtrack=audio_url)
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert [clip["task_id"] for clip in manifest["clips"]] == ["710", "711", "712"]
    assert [clip["sha256"] for clip in manifest["clips"]] == [hashlib.sha256(film).hexdigest() for film in films]
    assert [clip["start_s"] for clip in manifest["clips"]] == pytest.approx([0.0, 1.013, 1.713])
    assert [clip["duration_s"] for clip in manifest["clips"]] == pytest.approx(LENGTHS)
    assert manifest["joined"] == {"reencoded": False, "reason": None, "label_note": None}
    assert manifest["request"]["audio_url"] == audio_url
    assert (facts["billed_seconds"], facts["cost"]) == (4.5, {"amount": 4.95, "currency": "CNY"})
    assert manifest["cost"] == facts["cost"]
    assert manifest["airflow"]["task_id"] == "a_task"


def test_pictures_and_sound_are_in_step(clips, audio_url, s3, tmp_path):
    pieces = [{"uri": "s3://b/k", "index": index, "duration_s": length} for index, length in enumerate(LENGTHS)]
    film = film_in(s3, join(clips, durations=pieces, soundtrack={"uri": audio_url}), tmp_path)
    joints = [pytest.approx(at, abs=FRAME_S) for at in (0.0, 1.013, 1.713)]
    assert (flashes_in(film), beeps_in(film)) == (joints, joints)


@pytest.fixture
def made_of(clips, put):
    """What the clips' manifests tell of the audios that they were made from."""
    for index, (clip, length) in enumerate(zip(clips, LENGTHS, strict=True)):
        video = {"uri": clip["uri"], "bytes": 1, "sha256": "0" * 64, "duration_s": 9.0, "width": 1, "height": 1, "fps": 25.0}
        manifest = {"video": video, "aigc_label": {}, "request": {"audio_duration_s": length}}
        put(f"in/clips/{index}.json", json.dumps(manifest).encode())


@pytest.mark.usefixtures("made_of")
def test_clips_of_an_earlier_audio_are_not_joined_with_another(clips, audio_url, s3):
    """As many, after only the task that cuts the audio was cleared."""
    pieces = [{"duration_s": length} for length in (LENGTHS[0] + 0.01, LENGTHS[1] + 0.4, LENGTHS[2] - 0.4)]
    with pytest.raises(
        AirflowFailException, match=r"videos\[1\] was made from an audio of 0.70 s, and durations\[1\] is one of 1.1"
    ):
        join(clips, durations=pieces, soundtrack=audio_url)
    assert keys(s3) == []
    by_the_author = join(clips[:2], durations=[LENGTHS[0], 0.5])
    assert by_the_author["duration_s"] == pytest.approx(1.513, abs=FRAME_S)


@pytest.mark.usefixtures("made_of")
def test_the_lengths_of_the_audios_are_taken_from_the_manifests(clips, audio_url, s3, tmp_path):
    film = film_in(s3, join(clips, soundtrack=audio_url), tmp_path)
    assert flashes_in(film) == pytest.approx([0.0, 1.013, 1.713], abs=0.001)


def test_uris_are_enough_and_pauses_lie_between(clips, s3, tmp_path):
    facts = join([clip["uri"] for clip in clips], pause=0.5)
    assert flashes_in(film_in(s3, facts, tmp_path)) == [pytest.approx(at, abs=0.001) for at in (0.0, 1.54, 2.76)]
    assert facts["duration_s"] == pytest.approx(1.04 + 0.72 + 1.28 + 2 * 0.5, abs=0.001)
    assert (facts["billed_seconds"], facts["cost"]) == (None, None)


@pytest.mark.parametrize(
    ("pause", "second", "total"), [([0.2, 0.4, 0.0], 1.24, 3.64), ("[0.2, 0.4]", 1.24, 3.64), ("0.1", 1.14, 3.24)]
)
def test_pauses_of_their_own(clips, s3, tmp_path, pause, second, total):
    facts = join(clips, pause=pause)
    assert flashes_in(film_in(s3, facts, tmp_path))[1] == pytest.approx(second, abs=0.001)
    assert facts["duration_s"] == pytest.approx(total, abs=0.001)


def test_a_soundtrack_for_each_clip(clips, put, s3, tmp_path):
    urls = [put("in/a.wav", wav_of(beeps(1.0, 0.3))), None, {"uri": put("in/c.wav", wav_of(beeps(1.2, 0.1)))}]
    film = film_in(s3, join(clips, soundtrack=urls, durations=[1.0, 0.7, 1.2]), tmp_path)
    assert beeps_in(film) == [pytest.approx(0.3, abs=FRAME_S), pytest.approx(1.8, abs=FRAME_S)]


def test_the_asset_event_carries_the_facts(clips):
    context, clips = task_context(), clips[:1]
    facts = join(clips, context)
    ((asset, extra),) = context["outlet_events"][AssetAlias(DEFAULT_ASSET_ALIAS)].added
    assert (asset.uri, extra) == (facts["uri"], facts)
    mine, context = Asset("s3://mine/films"), task_context()
    assert context["outlet_events"][mine].extra == {}
    facts = join(clips, context, outlets=[mine])
    assert context["outlet_events"][mine].extra == facts
    context = task_context()
    join(clips, context, emit_asset_event=False)
    assert not context["outlet_events"]


def test_the_label_asked_for_is_written_where_the_clips_have_another(clips, s3, tmp_path):
    facts = join(clips[:2], aigc_meta={**META, "producer_id": "film-1"})
    label = read_aigc_label(film_in(s3, facts, tmp_path))
    assert (label.label, label.produce_id, label.content_propagator, label.content_producer) == ("1", "film-1", "spread", "")
    manifest = json.loads(body(s3, facts["manifest_uri"]))
    assert manifest["aigc_label"]["differences"] == []
    assert manifest["aigc_label"]["requested"]["producer_id"] == "film-1"


def test_the_clips_label_is_kept_as_it_is_where_it_says_what_is_asked_for(clips, s3, tmp_path):
    label = read_aigc_label(film_in(s3, join(clips[:2], aigc_meta=META), tmp_path))
    assert label.content_producer == "producer", "which nobody has asked for"


def test_labels_that_differ_are_told(clips, put, s3, tmp_path, logged):
    tags = {"AIGC": json.dumps(LABEL | {"ProduceID": "p-2"})}
    other = make_clip(tmp_path / "other.mp4", beeps(0.5), tags=tags).read_bytes()
    facts = join([clips[0], put("in/other.mp4", other)])
    note = "the clips' AIGC labels differ, and the film has the first one's"
    assert json.loads(body(s3, facts["manifest_uri"]))["joined"]["label_note"] == note
    assert note in logged()


def test_why_pictures_were_encoded_anew_is_told(clips, put, s3, tmp_path):
    other = make_clip(tmp_path / "other.mp4", beeps(0.5), size=(96, 54)).read_bytes()
    facts = join([clips[1], put("in/other.mp4", other)])
    assert facts["reencoded"]
    assert facts["reason"] == "clip 2 of 2 is 96×54 pixels, and the first one 160×90 pixels"
    assert json.loads(body(s3, facts["manifest_uri"]))["joined"]["reason"] == facts["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"videos": []}, "videos is empty: there is nothing to join: a clip may be missing"),
        ({"durations": [1.0, 0.7, 1.2, 3.0]}, "there are 3 videos and 4 durations: a clip may be missing since its task failed"),
        ({"pause": [0.1]}, "there are 3 videos and 1 pauses"),
        ({"pause": -1}, "pause must be a number of seconds, not -1"),
        ({"durations": [1.0, "long", 1.2]}, r"durations\[1\] must be a number of seconds, not 'long'"),
        ({"durations": [1.0, 0, 1.2]}, r"durations\[1\] must be a number of seconds, not 0"),
        ({"durations": [1.0, {"uri": "s3://b/k"}, 1.2]}, r"durations\[1\] must be a number of seconds"),
        ({"soundtrack": ["s3://b/k"]}, "there are 3 videos and 1 soundtracks"),
        ({"soundtrack": f"s3://{BUCKET}/in/nothing.wav"}, "soundtrack s3://.*/in/nothing.wav is not there"),
        ({"soundtrack": 7}, "soundtrack must be an s3:// or http"),
        ({"s3_key": f"s3://{BUCKET}/in/clips/1.mp4"}, "is an input of this video, and would be written over"),
        ({"s3_key": f"s3://{BUCKET}/in/talk.wav", "soundtrack": f"s3://{BUCKET}/in/talk.wav"}, "is an input of this video"),
        ({"s3_bucket": "nowhere"}, "there is no bucket 'nowhere'"),
    ],
)
def test_bad_input_fails_at_once_and_writes_nothing(clips, s3, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        join(**{"videos": clips} | arguments)
    assert keys(s3) == []


def test_a_clip_that_nobody_gave_and_one_that_is_not_there_are_named(clips, s3):
    with pytest.raises(AirflowFailException, match=r"videos\[1\] is nothing"):
        join([clips[0], None, clips[2]])
    with pytest.raises(AirflowFailException, match=rf"videos\[1\] s3://{BUCKET}/in/gone.mp4 is not there"):
        join([clips[0], f"s3://{BUCKET}/in/gone.mp4"])


def test_a_clip_that_another_run_has_written_over_is_not_joined(clips, s3, films):
    clips = [{**clip, "sha256": hashlib.sha256(film).hexdigest()} for clip, film in zip(clips, films, strict=True)]
    assert join(clips[:2], s3_key="films/a.mp4")["clips"] == [clip["uri"] for clip in clips[:2]]
    s3.put_object(Bucket=BUCKET, Key="in/clips/1.mp4", Body=films[2])
    with pytest.raises(AirflowFailException, match=r"videos\[1\] s3://.*/in/clips/1.mp4 is another video than the one that was"):
        join(clips, s3_key="films/b.mp4")
    assert "films/b.mp4" not in keys(s3)


def test_a_soundtrack_of_another_length_is_refused(clips, put, s3):
    with pytest.raises(AirflowFailException, match=r"lasts 9\.000 s, and the clips with their pauses 2\.983 s"):
        join(clips, durations=list(LENGTHS), soundtrack=put("in/talk.wav", wav_of(beeps(9.0))))
    assert keys(s3) == []


def test_what_is_there_is_not_replaced_against_the_users_will_unless_it_is_this_film(clips, s3, put):
    first = join(clips[:1], s3_key="films/a.mp4", replace=False)
    s3.delete_object(Bucket=BUCKET, Key="films/a.json")  # the worker died before it was written
    assert join(clips[:1], s3_key="films/a.mp4", replace=False)["sha256"] == first["sha256"]
    assert "films/a.json" in keys(s3)
    with pytest.raises(AirflowFailException, match="films/a.mp4 exists already, and replace is False"):
        join(clips[:2], s3_key="films/a.mp4", replace=False)


def test_an_upload_that_a_killed_worker_left_is_aborted(clips, s3):
    s3.create_multipart_upload(Bucket=BUCKET, Key="films/a.mp4")
    join(clips[:1], task_context(try_number=2), s3_key="films/a.mp4")
    assert open_uploads(s3) == []


def test_a_single_clip_is_told_without_a_list(clips, s3, tmp_path):
    facts = join(clips[0], durations=LENGTHS[0])
    assert facts["clips"] == [clips[0]["uri"]]
    assert facts["duration_s"] == pytest.approx(LENGTHS[0], abs=0.001)


def test_a_later_try_knows_its_film_though_its_soundtrack_was_signed_anew(clips, presigned):
    sound = presigned("in/talk.wav", wav_of(beeps(LENGTHS[0])))
    for url in (sound, f"{sound}&X-Amz-Signature=another"):
        join(clips[:1], durations=[LENGTHS[0]], soundtrack=url, s3_key="films/a.mp4", replace=False)


def test_a_soundtrack_that_is_no_url_is_told_before_a_clip_is_looked_for(clips):
    with pytest.raises(AirflowFailException, match="soundtrack"):
        join([{**clips[0], "uri": "s3://no-such-bucket/a.mp4"}], soundtrack="http://[half")
