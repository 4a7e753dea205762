"""The service is down, or answers nonsense, while renders are waited for; and the task's log says so once per change."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.scenario
PASSING = "asking again after a passing fault"
POLL = {"action": "CVGetResult"}
STORMS = {
    "30 % of replies reset": [
        POLL | {"kind": "reset", "phase": "after", "probability": 0.3, "seed": 55},  # the first, the third, …
        {"kind": "half_body", "action": "video", "count": 1},
    ],
    "5xx storm": [
        POLL | {"kind": "status", "status": 503, "probability": 0.7, "seed": 1},
        {"kind": "status", "action": "video", "count": 1},
    ],
    "HTML replies": [POLL | {"kind": "html", "probability": 0.7, "seed": 1}, {"kind": "html", "action": "video", "count": 1}],
    # A limit refuses the submit too: a definite no, and so a safe one.
    "429 storm": [
        POLL | {"kind": "code", "code": "50429", "probability": 0.7, "seed": 1},
        {"kind": "code", "code": "50429", "action": "CVSubmitTask"},
    ],
}
QUICK = {"30 % of replies reset"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.chaos) for name in STORMS])
def test_a_storm_passes(real_airflow, begin, name):
    scenario = begin(name)
    for fault in STORMS[name]:
        real_airflow.fault(**fault)
    run = scenario.start()
    real_airflow.see_success(run, within_s=240)
    assert PASSING in run.log("render")
    scenario.finish(wanted=1)


@pytest.mark.chaos
def test_a_service_that_is_down_for_a_minute_is_waited_for_and_told_of_once(real_airflow, begin):
    scenario = begin("service down for 60 s")
    real_airflow.hold_renders()
    runs = [scenario.start() for _ in range(3)]
    for run in runs:
        real_airflow.wait_for_task(run, "render", "deferred", within_s=240)
    time.sleep(15)  # the first poll, so that the fault comes in the midst of the wait
    real_airflow.kill("emulator")
    time.sleep(60)
    real_airflow.restart("emulator")
    real_airflow.release_renders()
    for run in runs:
        real_airflow.see_success(run)
        lines = [line for line in run.log("render").splitlines() if PASSING in line]
        assert len(lines) == 1, lines
    scenario.finish(wanted=3)
