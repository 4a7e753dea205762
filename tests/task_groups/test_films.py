"""Films of several clips, from a script or a talk to one archived video."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from airflow.sdk import DAG
from PIL import Image

from airflow_provider_omnihuman.media.probe import probe_video
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED
from airflow_provider_omnihuman.task_groups.dialogue import dialogue_video
from airflow_provider_omnihuman.task_groups.long_talk import long_talk_video
from tests.conftest import PROJECT

DAG_FILE = Path(__file__).parent / "dags" / "films.py"
FRAME_S = 1 / 25


@pytest.fixture
def picture(connections, put) -> str:
    """Two people, small and nearly square: what is rendered of them has few pixels."""
    file = io.BytesIO()
    Image.open(PROJECT / "dags" / "portraits" / "duo.png").convert("RGB").resize((320, 180)).save(file, "PNG")
    return put("in/duo.png", file.getvalue())


def film_of(s3, facts):
    bucket, _, key = facts["uri"].removeprefix("s3://").partition("/")
    return probe_video(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.mark.timeout(300)
def test_a_dialogue_becomes_one_film_with_captions(omnihuman_airflow, picture, emulator, s3, omnihuman_s3):
    emulator.set_speed(10_000)
    run = omnihuman_airflow.run(DAG_FILE, dag_id="dialogue")
    assert run.state == "success", run.task_states

    facts = run.xcom("dialogue.join")
    spoken = [run.xcom("dialogue.clips.speech", map_index=index)["seconds"] for index in (0, 1)]
    assert film_of(s3, facts).duration_s == pytest.approx(sum(spoken) + 0.6, abs=2 * FRAME_S)
    assert facts["clips"] == [run.xcom("dialogue.clips.archive", map_index=index)["uri"] for index in (0, 1)]
    assert list(run.asset_events()) == [facts["uri"]], "clips are told of by nobody"

    ben, anna = (one for one in sorted(run.xcom("dialogue.cast", "cast"), key=lambda one: -one["subject"]))
    jobs = {job["task_id"]: job["body"] for job in emulator.jobs() if job["kind"] == "generate"}
    bodies = [jobs[run.xcom("dialogue.clips.render", map_index=index)["task_id"]] for index in (0, 1)]
    for body, speaker in zip(bodies, (ben, anna), strict=True):
        assert speaker["mask_url"].removeprefix("s3://") in body["mask_url"][0]
        assert body["seed"] == DEFAULT_SEED
    assert [body.get("prompt") for body in bodies] == [None, "she nods"]
    names = {(ti.task_id, ti.map_index): ti.rendered_map_index for ti in run.dag_run.get_task_instances()}
    assert names["dialogue.clips.render", 1] == "02 Anna: Hi."

    assert emulator.accepted() == len(jobs) == 2
    captions = omnihuman_s3.get(run.xcom("dialogue.captions")["vtt_uri"]).decode()
    assert [line for line in captions.splitlines() if "<v " in line] == ["<v Ben>Ho.", "<v Anna>Hi."]
    assert [line for line in captions.splitlines() if "-->" in line][1] > f"00:00:0{spoken[0] + 0.6:.3f}"


@pytest.fixture(scope="session")
def talk_wav() -> bytes:
    """A talk of 16 s with one pause, at 14.6 s."""
    rate = 8000
    time_s = np.arange(16 * rate) / rate
    samples = 8000 * np.sin(2 * np.pi * 220 * time_s) * ((time_s < 14.4) | (time_s > 14.8))
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


@pytest.mark.timeout(300)
def test_a_piece_of_a_talk_that_failed_is_rendered_alone(omnihuman_airflow, picture, put, talk_wav, emulator, s3):
    emulator.set_speed(10_000)
    emulator.fault(kind="code", action="CVSubmitTask", code=50412, skip=1, count=1)
    talk = {"audio_url": put("in/talk.wav", talk_wav)}
    run = omnihuman_airflow.run(DAG_FILE, dag_id="talk", conf=talk)
    states = run.task_states
    assert states["talk.speech"] == "skipped", "an audio is given"
    assert sorted(states[f"talk.clips.archive[{index}]"] for index in (0, 1)) == ["success", "upstream_failed"]
    assert states["talk.join"] == "upstream_failed"
    assert emulator.accepted() == 1

    again = omnihuman_airflow.run(DAG_FILE, dag_id="talk", conf=talk)
    assert again.state == "success", again.task_states
    assert emulator.accepted() == 2, "the other one is in the archive"
    assert sorted(again.xcom("talk.clips.archive", map_index=index)["reused"] for index in (0, 1)) == [False, True]
    assert len({job["body"]["seed"] for job in emulator.jobs()}) == 1
    facts = again.xcom("talk.join")
    assert film_of(s3, facts).duration_s == pytest.approx(16.0, abs=2 * FRAME_S)
    assert not facts["reencoded"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_short_talk_is_one_piece(omnihuman_airflow, picture, emulator, s3):
    emulator.set_speed(10_000)
    run = omnihuman_airflow.run(DAG_FILE, dag_id="talk")
    assert run.state == "success", run.task_states
    assert run.task_states["talk.speech"] == "success"
    assert emulator.accepted() == 1
    assert film_of(s3, run.xcom("talk.join")).duration_s == pytest.approx(run.xcom("talk.speech")["seconds"], abs=2 * FRAME_S)


def test_a_person_is_asked_between_cast_and_the_first_speech(omnihuman_airflow):
    dag = omnihuman_airflow.load(DAG_FILE, dag_id="asked")
    assert dag.get_task("dialogue.confirm").upstream_task_ids == {"dialogue.cast"}
    assert "dialogue.confirm" in dag.get_task("dialogue.clips.speech").upstream_task_ids
    assert dag.get_task("dialogue.confirm").fail_on_reject, "what is skipped looks as if it were done"


def test_cast_knows_how_the_lines_are_spoken_and_not_where():
    with DAG("said", schedule=None) as dag:
        dialogue_video(script="s.yaml", presenter="host", speech={"split_text": True, "pool": "a_pool"})
    assert dag.get_task("dialogue.cast").speech == {"aws_conn_id": "aws_default", "presenters_path": None, "split_text": True}


def test_pieces_of_a_presenters_talk_share_a_seed(omnihuman_airflow):
    dag = omnihuman_airflow.load(DAG_FILE, dag_id="asked")
    assert "long_talk.seed" in dag.get_task("long_talk.clips.render").upstream_task_ids
    assert dag.get_task("long_talk.clips.render").pool == "omnihuman"


@pytest.mark.parametrize(("seed", "is_read"), [(None, False), (7, False), (-1, True), ("{{ params.seed }}", True)])
def test_a_seed_that_may_render_to_nothing_is_read_once_for_all_pieces(seed, is_read):
    with DAG("talk", schedule=None) as dag:
        long_talk_video(text="Good evening.", image_url="s3://bucket/portrait.png", seed=seed)
    assert ("long_talk.seed" in dag.task_ids) is is_read


def test_a_talks_captions_are_made_of_its_text(omnihuman_airflow):
    dag = omnihuman_airflow.load(DAG_FILE, dag_id="asked")
    assert dag.get_task("long_talk.captions").upstream_task_ids == {"long_talk.join", "long_talk.speech"}
    assert dag.get_task("long_talk.speech").timings is True


@pytest.mark.parametrize(
    ("given", "heard"), [("s3://b/talk.mp3", "s3://b/talk.mp3"), ("", "s3://b/spoken.wav"), (None, "s3://b/spoken.wav")]
)
def test_the_text_is_what_is_heard_unless_an_audio_is_given(omnihuman_airflow, given, heard):
    class Spoken:
        def xcom_pull(self, *, task_ids):
            return {"talk.speech": {"uri": "s3://b/spoken.wav"}}[task_ids]

    dag = omnihuman_airflow.load(DAG_FILE, dag_id="talk")
    split, decides = dag.get_task("talk.split"), dag.get_task("talk.without_audio")
    context = {"params": {"audio_url": given}, "ti": Spoken()}
    assert split.render_template(split.audio_url, context) == heard
    assert decides.python_callable(split.render_template("{{ params.audio_url }}", context)) is (heard != given)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "needs a text or an audio_url"),
        ({"audio_url": "s3://b/a.wav", "captions": True}, "captions are made of the text"),
        ({"text": "a", "soundtrack": "music"}, "soundtrack must be one of original, pieces"),
    ],
)
def test_a_talk_of_nothing_is_refused_where_it_is_written(arguments, says):
    with pytest.raises(ValueError, match=says):
        long_talk_video(**arguments)
