"""The process of a task is killed at each place where it could pay twice, or forget what it has paid for."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from running_airflow import RealAirflow
from scenario_counts import Scenario
from wire import Break, Wire
from wiring import wires

from airflow_provider_omnihuman.demo.dag_run import ENDED, DagRun

pytestmark = [pytest.mark.scenario, pytest.mark.kills]


@dataclass(frozen=True)
class Case:
    """Where a process dies, and what becomes of its job.

    :param dies: the place inside the process; empty where the wire below says it
    :param breaks: what the network does to the submit during which it dies
    :param stops: the next try stops for a person
    :param resubmits: the policy chosen is to submit once more
    :param duplicates: how many more jobs that policy may pay for
    """

    title: str
    dies: str = ""
    breaks: Break | None = None
    stops: bool = False
    resubmits: bool = False
    duplicates: int = 0


CASES = [
    Case("before the intent", dies="before the intent"),
    Case("after the intent", dies="after the intent", stops=True),
    Case("inside the POST, before it is accepted", breaks=Break.LOSE, stops=True),
    Case("inside the POST, after it is accepted", breaks=Break.LOSE_REPLY, stops=True),
    Case("after the reply", dies="after the reply", stops=True),
    Case("after the ledger write", dies="after the submitted"),
    Case("before deferring", dies="before deferring"),
    Case("inside the POST, before; resubmit", breaks=Break.LOSE, resubmits=True),
    Case("inside the POST, after; resubmit", breaks=Break.LOSE_REPLY, resubmits=True, duplicates=1),
]


@dataclass
class Story:
    """What became of one case."""

    case: Case
    scenario: Scenario
    run: DagRun
    wire: Wire | None = None
    jobs_when_stopped: int = 0
    log_when_stopped: str = ""


@pytest.fixture(scope="module")
def stories(real_airflow, begin):
    """All cases at once: started, killed, stopped; gone on with by a person where they stop; over."""
    with wires(real_airflow) as wire_to:
        # Those first that are killed from outside, while there is time to see them at it.
        order = sorted(CASES, key=lambda case: case.breaks is None)
        stories = {case.title: _start(case, begin(f"task killed {case.title}"), wire_to) for case in order}
        _kill_inside_the_post([story for story in stories.values() if story.wire])
        _wait_for_all(real_airflow, stories.values())
        for story in stories.values():
            if story.case.stops:
                _go_on_as_a_person(real_airflow, story)
        _wait_for_all(real_airflow, stories.values())
        yield stories


def _start(case, scenario, wire_to):
    # Where it waits does not matter but for one: a worker that waits spares the time of a deferral.
    params, wire = {"dies": case.dies, "deferrable": case.dies == "before deferring"}, None
    if case.breaks:
        params["omnihuman_conn_id"], wire = wire_to("omnihuman_default")
        wire.break_on(b"Action=CVSubmitTask", case.breaks)
    run = scenario.start("scenario_video_resubmit" if case.resubmits else "scenario_video", **params)
    return Story(case, scenario, run, wire)


def _kill_inside_the_post(stories):
    deadline = time.monotonic() + 300
    while stories and time.monotonic() < deadline:
        for story in [story for story in stories if story.wire.met.is_set()]:
            time.sleep(0.5)  # the time in which the service accepts what reaches it
            story.scenario.airflow.kill_task(story.run, "render")
            stories.remove(story)
        time.sleep(0.2)


def _wait_for_all(airflow, stories, within_s=400):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and any(story.run.state not in ENDED for story in stories):
        time.sleep(1)


def _go_on_as_a_person(airflow: RealAirflow, story: Story) -> None:
    """Look into the service's console; tell the task of the job that is there, or that there is none; clear it."""
    if airflow.task(story.run, "render")["state"] != "failed":
        return  # the test tells
    jobs = story.scenario.jobs()
    story.jobs_when_stopped = len(jobs)
    story.log_when_stopped = story.run.log("render", try_number=airflow.task(story.run, "render")["try_number"])
    if jobs:
        airflow.put_state(story.run, "render", {"task_id": jobs[0]["task_id"]})
    else:
        airflow.delete_state(story.run, "render")
    airflow.clear(story.run, "render")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_killed_task_pays_once_and_archives_once(real_airflow, stories, case):
    story = stories[case.title]
    real_airflow.see_success(story.run, within_s=5)
    story.scenario.finish(wanted=1, duplicates=case.duplicates)


@pytest.mark.parametrize("case", [case for case in CASES if case.stops], ids=lambda case: case.title)
def test_a_task_that_died_inside_its_submit_stops_for_a_person_and_says_how_to_go_on(stories, case):
    story = stories[case.title]
    assert "broken off inside its submit" in story.log_when_stopped
    assert "Then clear this task" in story.log_when_stopped
    assert story.jobs_when_stopped == (0 if case.breaks is Break.LOSE or case.dies == "after the intent" else 1)
