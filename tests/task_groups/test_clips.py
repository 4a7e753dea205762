"""Clips of rows: each goes its own way, and a bad one fails alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.task_groups import clips
from airflow_provider_omnihuman.task_groups.clips import CLIP_FIELDS, avatar_clip, avatar_clips

DAG_FILE = Path(__file__).parent / "dags" / "clips.py"


@pytest.mark.timeout(300)
def test_a_bad_row_fails_alone_and_the_others_are_archived(
    omnihuman_airflow, connections, emulator, put, portrait_png, speech_wav
):
    put("in/p.png", portrait_png)
    put("in/clips.wav", speech_wav(1.0))
    emulator.set_speed(10_000)
    run = omnihuman_airflow.run(DAG_FILE)

    assert {name: state for name, state in run.task_states.items() if name != "rows"} == {
        "clips.speech[0]": "failed",
        "clips.render[0]": "upstream_failed",
        "clips.archive[0]": "upstream_failed",
        "clips.speech[1]": "success",
        "clips.render[1]": "success",
        "clips.archive[1]": "success",
        "collected": "success",
        "alone.render": "success",
        "alone.archive": "success",
    }
    bodies = {job["body"]["seed"]: job["body"] for job in emulator.jobs()}
    assert set(bodies) == {7, 8}
    assert bodies[7]["prompt"] == "calm"
    assert "prompt" not in bodies[8]
    assert all("in/p.png" in body["image_url"] for body in bodies.values())
    assert run.xcom("clips.speech", map_index=1)["characters"] == len("{{ Hi }}."), "a row's text is no template"
    assert "in/clips.wav" in bodies[8]["audio_url"], "but the one row of a clip that is not mapped may be one"

    archived = run.xcom("clips.archive", map_index=1)
    assert archived["uri"].startswith("s3://omnihuman-tests/omnihuman/clips/")
    assert "/clips.archive/1/" in archived["uri"]
    assert archived["uri"] in [clip["uri"] for clip in run.xcom("collected") if isinstance(clip, dict)]
    assert list(run.asset_events()) == [run.xcom("alone.archive")["uri"]], "a clip that is a part of a film is told of by nobody"
    names = {(ti.task_id, ti.map_index): ti.rendered_map_index for ti in run.dag_run.get_task_instances()}
    assert names["clips.speech", 0] == "01 Nobody"
    assert names["clips.archive", 1] == "02 {{ Hi }}."


@pytest.mark.parametrize(
    ("row", "speak", "says"),
    [
        ({"text": "a", "txt": "b"}, True, "no field txt; it has text, voice"),
        ({"audio_url": "s3://b/a.wav"}, True, "has no text"),
        ({"text": "a"}, False, "has no audio_url"),
        ({"text": "a", "audio_url": "s3://b/a.wav"}, True, "has text, and so must not have audio_url"),
        ({"text": "a", "voice": "v", "audio_url": "s3://b/a.wav"}, False, "must not have text, voice"),
        ("a", True, "must be a mapping, not str"),
    ],
)
def test_a_row_that_is_not_understood_is_refused_where_it_is_written(row, speak, says):
    with pytest.raises(ValueError, match=says):
        avatar_clips([row], speak=speak)
    with pytest.raises(ValueError, match=says):
        avatar_clip(row, speak=speak)


def test_a_row_of_a_task_is_refused_by_its_own_clip():
    with pytest.raises(AirflowFailException, match="no field txt"):
        clips._speaking_row({"txt": "a"})


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"text": "word " * 30}, "word word word word word word word word word word word word…"),
        ({"text": "a\n b"}, "a b"),
        ({"text": "a", "name": "Anna"}, "Anna"),
    ],
)
def test_a_clip_is_named_after_what_it_says(row, name):
    row = clips._speaking_row(row)
    assert row["name"] == name
    assert tuple(row) == CLIP_FIELDS, "whatever is not given is None: Airflow looks each field up"


def test_a_clip_with_its_audio_is_named_after_the_file():
    assert clips._given_row({"audio_url": "s3://b/talk/part-1.wav"})["name"] == "part-1.wav"
