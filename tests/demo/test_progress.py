"""What a person sees while it runs."""

from __future__ import annotations

import io
import os
import pty

import pytest
from airflow.utils.state import TaskInstanceState

from airflow_provider_omnihuman.demo.progress import LOOKS, LiveProgress, PlainProgress, Row, progress_for
from airflow_provider_omnihuman.demo.startup import StepState


def test_every_state_of_a_task_and_of_a_service_has_a_look():
    assert {str(state) for state in (*TaskInstanceState, *StepState)} <= LOOKS.keys()


def test_plain_progress_writes_one_line_per_change_and_no_escape_sequence():
    out = io.StringIO()
    progress = PlainProgress(out)
    rows = [Row("speak", "running", 0.1), Row("speak", "running", 0.9), Row("speak", "success", 1.2)]
    for row in rows:
        progress.show("task", [row])

    lines = out.getvalue().splitlines()
    assert [line.split()[-1] for line in lines] == ["running", "success"]
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().isascii()


def test_plain_progress_tells_of_a_second_try_and_of_details():
    out = io.StringIO()
    PlainProgress(out).show("task", [Row("video", "deferred", 3.0, tries=2, detail="generating")])

    assert out.getvalue().rstrip().endswith("deferred (try 2) - generating")


def test_output_into_a_file_or_pipe_is_plain(tmp_path):
    with (tmp_path / "log").open("w") as file:
        assert isinstance(progress_for(file), PlainProgress)


@pytest.mark.parametrize(("term", "kind"), [("xterm", LiveProgress), ("dumb", PlainProgress)])
def test_a_terminal_gets_a_table_unless_it_cannot_draw(monkeypatch, term, kind):
    monkeypatch.setenv("TERM", term)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        assert isinstance(progress_for(terminal), kind)
    os.close(leader)


def test_the_table_shows_state_tries_time_and_detail(monkeypatch, tmp_path):
    monkeypatch.setenv("TERM", "xterm")
    with (tmp_path / "screen").open("w", encoding="utf-8") as screen, LiveProgress(screen) as progress:
        progress.show("task", [Row("render", "deferred", 12.34, tries=1, detail="generating")])

    shown = (tmp_path / "screen").read_text(encoding="utf-8")
    for text in ("render", "◦ deferred", "12.3 s", "generating"):
        assert text in shown


@pytest.mark.parametrize(("lines", "summed_up"), [("12", True), ("60", False)])
def test_on_a_small_terminal_what_came_before_is_summed_up(monkeypatch, tmp_path, lines, summed_up):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LINES", lines)
    with (tmp_path / "screen").open("w", encoding="utf-8") as screen, LiveProgress(screen) as progress:
        progress.show("service", [Row(f"service {number}", "ready") for number in range(7)])
        progress.show("task", [Row(f"task {number}", "success") for number in range(5)])

    shown = (tmp_path / "screen").read_text(encoding="utf-8")
    assert ("service: 7 ready" in shown) is summed_up
    assert ("service 6" in shown) is not summed_up
    assert "task 4" in shown


def test_nothing_to_show_is_no_failure(tmp_path):
    with (tmp_path / "screen").open("w", encoding="utf-8") as screen, LiveProgress(screen):
        pass
