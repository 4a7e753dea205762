"""The working folder."""

from __future__ import annotations

import stat

import pytest

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.layout import claim, readable_folder


def test_a_second_demo_in_the_same_folder_is_refused_while_the_first_one_lives(tmp_path):
    _, lock = claim(tmp_path)

    with pytest.raises(DemoError, match=r"another demo is running .* --dir"):
        claim(tmp_path)

    lock.close()
    claim(tmp_path)[1].close()


def test_only_what_the_last_run_made_is_wiped(tmp_path):
    layout, lock = claim(tmp_path)
    layout.database.write_text("old")
    kept = [layout.output / "video.mp4", tmp_path / "thesis.txt"]
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    lock.close()

    layout, lock = claim(tmp_path)
    lock.close()

    assert not layout.database.exists()
    assert [path.read_text() for path in kept] == ["mine", "mine"]


def test_others_on_the_machine_cannot_look_into_a_run(tmp_path):
    layout, lock = claim(tmp_path)
    lock.close()

    assert stat.S_IMODE(layout.run.stat().st_mode) == 0o700


def test_too_little_space_is_said_before_anything_starts(tmp_path):
    with pytest.raises(DemoError, match=r"only \d+ MiB are free .* make room"):
        claim(tmp_path, needed_bytes=2**60)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(DemoError, match=r"cannot use the working folder .*file/run.* --dir"):
        claim(tmp_path / "file" / "run")


def test_a_missing_dags_folder_is_named(tmp_path):
    with pytest.raises(DemoError, match=r"no Dags folder at .*dags.* --dags"):
        readable_folder(tmp_path / "dags")
