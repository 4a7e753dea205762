"""What a run begins with."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.demo.beginnings import check_parameters, files_of
from airflow_provider_omnihuman.demo.dag_choice import CHOSEN, is_the_chosen_file
from airflow_provider_omnihuman.demo.failures import DemoError

FOLDER = "/airflow/dags"


def test_what_a_dag_has_no_parameter_for_is_refused():
    with pytest.raises(DemoError, match=r"the Dag song has no parameter text, voice; it has: prompt, song"):
        check_parameters({"text": "a", "voice": "b", "song": "c"}, {"song", "prompt"}, "song")


def test_what_it_has_parameters_for_is_fine():
    check_parameters({"song": "c"}, {"song", "prompt"}, "song")
    check_parameters({}, set(), "song")


@pytest.mark.parametrize(
    ("dag_id", "parsed"),
    [("long_talk", {"long_talk.py"}), ("on_new_video", {"on_new_video.py", "script_to_avatar_video.py"})],
)
def test_only_the_files_that_a_run_needs_are_parsed(monkeypatch, dag_id, parsed):
    monkeypatch.setenv(CHOSEN, files_of(dag_id))
    files = ("long_talk.py", "on_new_video.py", "script_to_avatar_video.py", "new_video.py")
    assert {name for name in files if is_the_chosen_file(f"{FOLDER}/{name}")} == parsed
