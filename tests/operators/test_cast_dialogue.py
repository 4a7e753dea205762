"""Casting a dialogue: who is who is settled, kept and shown before anything is paid for."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.dialogue.document import MAX_BYTES
from airflow_provider_omnihuman.dialogue.rows import voice_of
from airflow_provider_omnihuman.dialogue.script import Dialogue, Line, Speaker
from airflow_provider_omnihuman.dialogue.source import script_of
from airflow_provider_omnihuman.operators.dialogue import CastDialogueOperator
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED
from airflow_provider_omnihuman.task_groups.clips import CLIP_FIELDS
from tests.conftest import BUCKET, PROJECT
from tests.task_context import task_context

LINES = [
    {"speaker": "Ben", "text": "Hi."},
    {"speaker": "Anna", "text": "Hello.", "prompt": "she nods", "pause": 1.5},
    {"speaker": "Ben", "text": "Bye.", "seed": 3},
]


@pytest.fixture(scope="session")
def duo_png() -> bytes:
    """Two people, small: what is drawn of them takes less time."""
    file = io.BytesIO()
    Image.open(PROJECT / "dags" / "portraits" / "duo.png").convert("RGB").resize((320, 180)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def picture(connections, put, duo_png) -> str:
    return put("in/duo.png", duo_png)


def cast(script, context=None, **arguments):
    context = context or task_context()
    operator = CastDialogueOperator(task_id="cast", script=script, **arguments)
    return operator.execute(context), context["ti"].xcoms, operator


def test_each_line_becomes_a_row_with_the_mask_of_its_speaker(picture, emulator, s3):
    rows, told, operator = cast(
        LINES, image_url=picture, prompt="a studio", speakers={"Ben": {}, "Anna": {"voice": "v", "engine": "local"}}
    )

    assert [row["name"] for row in rows] == ["Ben: Hi.", "Anna: Hello.", "Ben: Bye."]
    assert [row["text"] for row in rows] == ["Hi.", "Hello.", "Bye."]
    assert [row["prompt"] for row in rows] == ["a studio", "she nods", "a studio"]
    assert [row["seed"] for row in rows] == [DEFAULT_SEED, DEFAULT_SEED, 3]
    assert [(row["voice"], row["engine"]) for row in rows] == [(None, None), ("v", "local"), (None, None)]
    assert {row["image_url"] for row in rows} == {picture}
    assert all(set(row) < set(CLIP_FIELDS) for row in rows)
    ben, anna, again = (row["mask_url"] for row in rows)
    assert ben == again != anna
    assert told["cast"] == [
        {"speaker": "Ben", "subject": 1, "mask_url": ben, "lines": 2},
        {"speaker": "Anna", "subject": 2, "mask_url": anna, "lines": 1},
    ], "who speaks first is on the left"
    assert told["pauses"] == [0.4, 1.5, 0.0]
    assert told["lines"][1] == {"speaker": "Anna", "text": "Hello."}
    assert json.dumps([rows, told])

    assert told["preview_uri"].endswith("/a_task/who-is-who.jpg")
    preview = s3.get_object(Bucket=BUCKET, Key=told["preview_uri"].removeprefix(f"s3://{BUCKET}/"))
    assert preview["ContentType"] == "image/jpeg"
    assert Image.open(io.BytesIO(preview["Body"].read())).size == (853, 480)
    assert told["preview_uri"].rpartition("/")[2] in operator.operator_extra_links[0].get_link(operator, ti_key=None)
    assert emulator.accepted() == 0, "nothing is paid for"


def test_masks_are_detected_once_and_are_the_same_ever_after(picture, emulator):
    first = cast(LINES, image_url=picture)[0]
    detections = emulator.state()["requests"]["CVProcess"]["10000"]
    assert cast(LINES, image_url=picture)[0] == first
    assert emulator.state()["requests"]["CVProcess"]["10000"] == detections == 1


def test_subjects_are_chosen_by_their_number_from_the_left(picture):
    told = cast(LINES, image_url=picture, speakers={"Ben": {"subject": 2}, "Anna": {}})[1]
    assert [(one["subject"], one["speaker"]) for one in told["cast"]] == [(1, "Anna"), (2, "Ben")]


def test_a_picture_from_the_web_is_kept_so_that_all_clips_have_the_same(connections, presigned, duo_png):
    url = presigned("in/duo.png", duo_png)
    (row, *_), *_ = cast(LINES, image_url=url)
    assert row["image_url"].startswith(f"s3://{BUCKET}/omnihuman/portraits/")
    assert row["image_url"].endswith(".png")


def test_a_script_is_read_from_s3_or_beside_the_dag(picture, put, tmp_path):
    text = "speakers: {A: {}, B: {}}\nlines:\n  - A: Hi.\n  - B: '{{ ho }}'\n"
    uri = put("in/d.yaml", text.encode())
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "d.yaml").write_text(text)
    context = {**task_context(), "dag": type("Dag", (), {"fileloc": str(tmp_path / "dag.py")})}
    beside = cast("scripts/d.yaml", context, image_url=picture)[0]
    assert beside == cast(uri, image_url=picture)[0]
    assert beside[1]["text"] == "{{ ho }}"


def test_a_speakers_voice_stays_with_a_line_of_the_same_engine_and_not_of_another():
    lines = tuple(Line(number=1, speaker="Ben", text="Hi.", engine=engine) for engine in (None, "local", "polly"))
    dialogue = Dialogue(lines, (Speaker(name="Ben", voice="v", engine="local"),))
    said = [voice_of(dialogue, line, presenter=None) for line in lines]
    assert [(one["voice"], one["engine"]) for one in said] == [("v", "local"), ("v", "local"), (None, "polly")]


@pytest.mark.parametrize(
    ("line", "speech", "says"),
    [
        ({"engine": "local", "voice": "xx"}, {}, r"line 2 \(Anna\): espeak-ng has no voice 'xx'"),
        ({"engine": "polly", "voice": "a\nb"}, {}, r"line 2 \(Anna\): voice is 'a\\nb'"),
        (
            {"engine": "polly", "text": "." * 2990 + "Hello there."},
            {},
            r"line 2 \(Anna\): the text has 3002 characters, the polly",
        ),
        ({}, {"engine": "dubao"}, r"line 1 \(Ben\): there is no speech engine 'dubao'"),
        ({}, {"engine": "local", "audio_format": "flac"}, r"line 1 \(Ben\): the local engine has no audio format 'flac'"),
    ],
)
def test_what_a_lines_speech_would_refuse_is_told_before_any_line_is_spoken(connections, line, speech, says):
    script = [LINES[0] | {"engine": "local"}, LINES[1] | line]
    with pytest.raises(AirflowFailException, match=says):
        cast(script, image_url="s3://nobody-looks/at-it.png", speech=speech)


def test_a_file_that_is_too_large_is_refused(connections, put):
    with pytest.raises(InvalidRequestError, match="script s3://.* is larger than 256 KB"):
        script_of(put("in/film.yaml", bytes(MAX_BYTES + 1)), hook=S3Hook(), dag_file=None)


def test_a_presenter_gives_the_picture_and_its_own_seed(connections, tmp_path, duo_png):
    (tmp_path / "duo.png").write_bytes(duo_png)
    (tmp_path / "talk.yaml").write_text("portrait: duo.png\nseed: 77\n")
    (tmp_path / "ben.yaml").write_text("voice: b\n")
    rows = cast(
        LINES, presenter="talk", presenters_path=str(tmp_path), speakers={"Ben": {"presenter": "ben"}, "Anna": {"voice": "a"}}
    )[0]
    assert [row["presenter"] for row in rows] == ["ben", "talk", "ben"]
    assert [row["seed"] for row in rows] == [DEFAULT_SEED, None, 3], "None: the presenter's"
    assert all(row["image_url"].startswith("s3://") for row in rows)


@pytest.mark.parametrize(
    ("script", "arguments", "says"),
    [
        ([*LINES, {"speaker": "Cy", "text": "Who?"}], {}, "3 speakers .Ben, Anna, Cy., and 2 subjects were found"),
        ([*LINES, {"speaker": "Ben", "text": " "}], {}, "line 4: text is empty"),
        ({"speakers": {"Ben": {}}, "lines": LINES}, {}, "line 2: there is no speaker 'Anna'"),
        ([], {}, "has no lines"),
        ("", {}, "script is empty"),
        ("nowhere.yaml", {}, "the script 'nowhere.yaml' cannot be read"),
        ("../nowhere.yaml", {}, "the script '../nowhere.yaml' is outside of the Dag's folder"),
        ("scripts/../../nowhere.yaml", {}, "is outside of the Dag's folder"),
        ("/etc/hostname", {}, "is outside of the Dag's folder"),
        ("s3://omnihuman-tests/nowhere.yaml", {}, "nowhere.yaml"),
        ("None", {}, "script is empty"),
        (LINES, {"seed": "-5"}, "the dialogue: seed must be a whole number from -1"),
        (LINES, {"pause": "long"}, "pause must be 0 to 30 seconds, not 'long'"),
        (LINES, {"speakers": {"Ben": {"presenter": "nobody"}, "Anna": {}}}, "nobody"),
        (LINES, {"speakers": '{"Ben": {"subject": 3}, "Anna": {}}'}, "to be subject 3, and 2 subjects were found"),
        (LINES, {"s3_key": "s3://no-such-bucket/x/"}, "no bucket 'no-such-bucket'"),
    ],
)
def test_what_is_wrong_fails_at_once(picture, emulator, script, arguments, says):
    with pytest.raises(AirflowFailException, match=says):
        cast(script, image_url=picture, presenters_path=str(Path(__file__).parent), **arguments)
    assert emulator.accepted() == 0


def test_a_picture_of_nobody_fails_at_once(connections, put):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 200)).save(file, "PNG")
    with pytest.raises(AirflowFailException, match="no subject was found in s3://"):
        cast(LINES, image_url=put("in/sky.png", file.getvalue()))
