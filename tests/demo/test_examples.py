"""Which Dags there are, before anything is started."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.cli import main
from airflow_provider_omnihuman.demo.examples import checked_dag, dags_in
from airflow_provider_omnihuman.demo.failures import DemoError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "talk.py").write_text('"""\n### A talk, made long\n\nMore of it.\n"""\nraise RuntimeError("nobody runs me")\n')
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "notes.md").write_text("# no Dag")
    return tmp_path


def test_each_file_is_a_dag_with_a_headline_and_none_is_run(folder):
    assert dags_in(folder) == {"broken": "", "talk": "A talk, made long"}


def test_an_unknown_dag_is_answered_with_those_that_there_are(folder):
    with pytest.raises(DemoError, match=r"no Dag film in .*; there is: broken, talk$"):
        checked_dag("film", folder)


def test_a_known_dag_is_taken(folder):
    assert checked_dag("talk", folder) == "talk"


def test_the_command_lists_them_and_starts_nothing(folder, capsys, tmp_path):
    assert main(["--list", "--dags", str(folder), "--dir", str(tmp_path / "work")]) == 0

    assert capsys.readouterr().out.splitlines()[1].split(maxsplit=1) == ["talk", "A talk, made long"]
    assert not (tmp_path / "work").exists()


def test_an_unknown_dag_starts_nothing(folder, capsys, tmp_path):
    assert main(["--dag", "film", "--dags", str(folder), "--dir", str(tmp_path / "work")]) == 1

    assert "there is no Dag film" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
