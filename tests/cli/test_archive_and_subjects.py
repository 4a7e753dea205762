"""``archive`` and ``subjects``: the operators' own code, with what the command line knows."""

from __future__ import annotations

import json

from tests.conftest import BUCKET


def read(s3, uri):
    return s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["Body"].read()


def test_the_archive_is_the_operators_with_what_the_ledger_knows(omnihuman, done, s3):
    facts = omnihuman("archive", done, "--to", f"s3://{BUCKET}/films/", "--json").document
    manifest = json.loads(read(s3, facts["manifest_uri"]))
    assert facts["uri"] == f"s3://{BUCKET}/films/{done}.mp4"
    assert read(s3, facts["uri"])[4:8] == b"ftyp"
    assert manifest["task_id"] == done
    assert manifest["request"]["audio_url"].endswith("/in/a.wav")
    assert manifest["airflow"]["dag_id"] == "command-line"


def test_a_person_reads_where_it_is(omnihuman, done):
    ran = omnihuman("archive", done, "--to", f"s3://{BUCKET}/film.mp4")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"uri           s3://{BUCKET}/film.mp4"


def test_the_label_that_the_submit_was_given_is_asked_for(omnihuman, inputs, emulator):
    label = '{"producer_id": "p-1", "content_propagator": "c-1"}'
    task_id = omnihuman("submit", *inputs, "--yes", "--aigc-meta", label).out.strip()
    emulator.advance(3600)
    assert omnihuman("wait", task_id, "--json").document["aigc_meta_tagged"] is True
    facts = omnihuman("archive", task_id, "--to", f"s3://{BUCKET}/x/", "--aigc-label", "require", "--json").document
    assert facts["aigc_label_found"] is True


def test_another_object_is_not_written_over_where_that_is_asked_for(omnihuman, done, put):
    there = put("films/other.mp4", b"another film")
    assert omnihuman("archive", done, "--to", there, "--no-replace").code == 3
    assert omnihuman("archive", done, "--to", there).code == 0


def test_a_place_that_cannot_be_is_refused(omnihuman, done):
    assert omnihuman("archive", done, "--to", "/tmp/film.mp4").code == 3
    assert omnihuman("archive", done, "--to", "s3://no-such-bucket-of-ours/film.mp4").code == 3


def test_a_task_that_is_not_done_is_not_archived(omnihuman, submitted):
    ran = omnihuman("archive", submitted, "--to", f"s3://{BUCKET}/x/", "--json")
    assert (ran.code, ran.document["error"]["type"]) == (5, "TaskNotDoneError")


def test_the_subjects_are_told_with_their_places(omnihuman, put, portrait_png, tmp_path):
    ran = omnihuman("subjects", put("in/p.png", portrait_png), "--save", str(tmp_path / "masks"), "--json")
    (mask,) = ran.document["masks"]
    assert (ran.code, ran.document["recognized"], mask["where"]) == (0, True, "centre")
    assert 0.05 < mask["share"] < 0.9
    assert (tmp_path / "masks" / "mask-1.png").read_bytes().startswith(b"\x89PNG")


def test_masks_go_to_s3(omnihuman, put, portrait_png, s3):
    ran = omnihuman("subjects", put("in/p.png", portrait_png), "--to", f"s3://{BUCKET}/masks/")
    assert ran.code == 0
    assert f"1  s3://{BUCKET}/masks/mask-1.png" in ran.out
    assert read(s3, f"s3://{BUCKET}/masks/mask-1.png").startswith(b"\x89PNG")


def test_what_is_no_picture_is_refused(omnihuman, put):
    assert omnihuman("subjects", put("in/p.png", b"<html>")).code == 3
    assert omnihuman("subjects", "portrait.png").code == 3
