"""A real, multi-process Airflow for the scenario tests, brought up by the launcher of ``make demo``, and the table of counts.

``OMNIHUMAN_CHAOS=1`` runs them all: the slow ones too, and those that kill things once more on PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running_airflow import SPEED, RealAirflow
from scenario_counts import Scenario, Table
from wiring import WireTo, wires

from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.postgres import missing_programs
from airflow_provider_omnihuman.demo.stack import Stack, StackPlan

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
SCENARIO_TIMEOUT_S = 900
EVERYTHING = os.environ.get("OMNIHUMAN_CHAOS", "") not in {"", "0"}
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
# Airflow takes up to 5 min to notice that one of its services has died; a test need not wait so long. How late a scheduler may
# be is not changed: one that is late by less, on a busy machine, would take its own tasks for orphans, and kill them.
NOTICES_SOON = {
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
}
TABLE = Table()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos: a scenario that takes long; runs with OMNIHUMAN_CHAOS=1 only")
    config.addinivalue_line("markers", "kills: a scenario that kills processes; runs on PostgreSQL too with OMNIHUMAN_CHAOS=1")
    config.addinivalue_line("markers", "needs_postgres: a scenario of what Airflow itself does not do on SQLite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "real_airflow" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    databases = [SQLITE, POSTGRES] if EVERYTHING and "kills" in marks else [SQLITE]
    if "needs_postgres" in marks:
        databases = [POSTGRES]
    metafunc.parametrize("real_airflow", databases, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give scenarios the time that a start of Airflow takes, unless they say otherwise; leave out the slow ones."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SCENARIO_TIMEOUT_S))
    slow = [item for item in items if item.get_closest_marker("chaos")]
    if slow and not EVERYTHING:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if TABLE.rows:
        terminalreporter.write("\n" + TABLE.text())


@pytest.fixture(scope="session")
def real_airflow(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    portrait_png: bytes,
    speech_wav: Callable[..., bytes],
) -> Iterator[RealAirflow]:
    """A real Airflow with the project's Dags, and those of the scenarios."""
    on_postgres = request.param == POSTGRES
    if on_postgres and (missing := missing_programs()):
        pytest.skip(f"PostgreSQL's {' and '.join(missing)} is not on the PATH")
    plan = StackPlan(
        tmp_path_factory.mktemp("airflow"),
        (PROJECT / "dags", HERE / "dags"),
        speed=SPEED,
        on_postgres=on_postgres,
        emulator_options={"concurrency": 0, "qps": 0},
        airflow_settings=NOTICES_SOON,
    )
    with Stack(plan) as stack:
        stack.start()
        airflow = RealAirflow(stack, name=request.param)
        inputs = {"portrait.png": portrait_png, "speech.wav": speech_wav(1.0)}
        for name, body in inputs.items():
            airflow.s3().put_object(Bucket=BUCKET, Key=f"scenarios/inputs/{name}", Body=body)
        yield airflow


@pytest.fixture(scope="session")
def begin(real_airflow: RealAirflow) -> Callable[[str], Scenario]:
    """Begin a scenario: gives it a mark of its own, and a row of the table."""

    def _begin(title: str) -> Scenario:
        return Scenario(real_airflow, TABLE.row(title, database=real_airflow.name))

    return _begin


@pytest.fixture(autouse=True)
def _nothing_stays_broken(request: pytest.FixtureRequest) -> Iterator[None]:
    """Mend after each scenario what it has broken."""
    yield
    if "real_airflow" in request.fixturenames:
        request.getfixturevalue("real_airflow").recover()


@pytest.fixture
def wire_to(real_airflow: RealAirflow) -> Iterator[WireTo]:
    """Copy a connection, with a wire before its endpoint; returns its name, and the wire."""
    with wires(real_airflow) as wire_to:
        yield wire_to
