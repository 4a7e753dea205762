"""Bringing services up together."""

from __future__ import annotations

import sys
import uuid

import pytest

from airflow_provider_omnihuman.demo import marks
from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.processes import Service
from airflow_provider_omnihuman.demo.startup import Step, StepState, bring_up

STAYS = "import time; time.sleep(60)"
RUN_ID = uuid.uuid4().hex


@pytest.fixture(autouse=True)
def no_process_stays():
    yield
    assert marks.kill_marked(RUN_ID) == []


def step(tmp_path, name, program, **options):
    log_path = tmp_path / f"{name}.log"
    service = Service(name, (sys.executable, "-c", program), environment={}, log_path=log_path, run_id=RUN_ID)
    return Step(service, options.pop("is_ready", lambda: True), **options)


def test_a_service_starts_only_when_what_it_needs_has_ended_well(tmp_path):
    seen = []
    made = tmp_path / "made"
    first = step(tmp_path, "make", f"open({str(made)!r}, 'w').close()", ends=True)
    second = step(tmp_path, "use", f"open({str(made)!r}).close(); " + STAYS, after=(first,))

    bring_up([second, first], lambda steps: seen.append(tuple(each.state for each in steps)))

    assert seen[0] == (StepState.WAITING, StepState.STARTING)
    assert seen[-1] == (StepState.READY, StepState.READY)
    assert second.service.is_running
    assert second.elapsed_s(now_s=0.0) < 5


def test_a_service_that_dies_is_named_with_the_end_of_its_log(tmp_path):
    dies = step(tmp_path, "fragile", "print('the reason'); raise SystemExit(3)", is_ready=lambda: False)

    with pytest.raises(DemoError, match="the fragile ended with exit code 3") as failure:
        bring_up([dies], lambda _: None)

    assert failure.value.log_tail == "the reason"
    assert failure.value.log_title.endswith("fragile.log")


def test_a_service_that_dies_after_it_was_ready_is_noticed_while_others_start(tmp_path):
    dies = step(tmp_path, "fragile", "import time; time.sleep(0.3)")
    slow = step(tmp_path, "slow", STAYS, is_ready=lambda: False)

    with pytest.raises(DemoError, match="the fragile ended"):
        bring_up([dies, slow], lambda _: None)


def test_a_command_that_fails_is_not_mistaken_for_done(tmp_path):
    fails = step(tmp_path, "database", "raise SystemExit('no such table')", ends=True)

    with pytest.raises(DemoError, match="the database ended with exit code 1") as failure:
        bring_up([fails], lambda _: None)

    assert "no such table" in failure.value.log_tail


def test_who_is_late_is_named(tmp_path):
    on_time = step(tmp_path, "quick", STAYS)
    late = step(tmp_path, "slow", STAYS, is_ready=lambda: False)

    with pytest.raises(DemoError, match="the slow was not ready within 1 s"):
        bring_up([on_time, late], lambda _: None, within_s=1.0)
