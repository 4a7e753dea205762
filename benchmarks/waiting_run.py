"""One measurement: a triggerer at rest, one waiter to warm it up, then all of them, until each has its event or time is up."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from waiting_airflow import BenchError, ScratchAirflow, Triggerer
from waiting_jobs import CONN_ID, Job, Shape, save
from waiting_usage import Sample

_WARM_UP_S = 90.0
_NOTHING_FOR_S = 60.0
_LAST_WORDS_S = 90.0
_HEAD_START_S = 2.0
_ROWS_PER_S = 2500
_MEMORY_LEFT_B = 6 * 10**9


@dataclass(slots=True)
class Measurement:
    """What is left of one, to make figures of.

    :param variant: its name
    :param jobs: those that were waited for
    :param folder: of the notes of the service and of the runner
    :param before: what the triggerer used until the jobs came
    :param samples: from then on
    :param warm_up: what the first waiter took: imports, and Airflow's first look-up of a connection
    :param persisted: when Airflow had resumed the task of a job, epoch seconds, by index
    """

    variant: str
    jobs: list[Job]
    folder: Path
    before: Sample
    samples: list[Sample]
    warm_up: tuple[Sample, Sample]
    persisted: dict[int, float]


def measure(
    airflow: ScratchAirflow, variant: str, shape: Shape, *, bound_s: float, tell: Callable[[str], object], quick: bool = False
) -> Measurement:
    """Take one measurement.

    :param airflow: prepared
    :param variant: of ``waiting_rows.VARIANTS``
    :param shape: of the jobs
    :param bound_s: how long after the last job is done to wait for the last event
    :param tell: told how it goes
    :param quick: do without the metadata database's look-up of the connection
    """
    count, warm_up_job = shape.count, Job(shape.count, 1.0, time.time() - 100, time.time() - 1)
    folder = airflow.folder / f"{variant}-{count}-{time.time_ns()}"
    folder.mkdir()
    save([*shape.draw(started_at=time.time()), warm_up_job], folder / "jobs.json")
    with _service(folder) as service:
        more = _connection_in_environment(folder) if quick else {}
        with airflow.triggerer(folder, capacity=count + 2, more=more) as triggerer:
            tell("starting the triggerer")
            at_rest = triggerer.wait_until_idle().usage.take()
            _warm_up(airflow, triggerer, variant, index=count)
            before = triggerer.wait_until_idle().usage.take()
            jobs = shape.draw(started_at=time.time() + _HEAD_START_S + count / _ROWS_PER_S)
            save([*jobs, warm_up_job], folder / "jobs.json")
            service.send_signal(signal.SIGHUP)
            with triggerer.usage:
                _ask(airflow, triggerer, do="jobs", path=str(folder / "jobs.json"), variant=variant, indexes=[0, count])
                _watch(triggerer, over_at=max(job.done_at for job in jobs), bound_s=bound_s, tell=tell)
                _last_words(folder)
            persisted = _persisted(triggerer)
    return Measurement(variant, jobs, folder, before, triggerer.usage.samples, (at_rest, before), persisted)


def _connection_in_environment(folder: Path) -> dict[str, str]:
    """Spare Airflow the look-up, whose first one takes 8 s of CPU."""
    place = f"127.0.0.1:{(folder / 'port').read_text()}/http"
    return {f"AIRFLOW_CONN_{CONN_ID.upper()}": f"omnihuman://AKLTbench:a-secret-key-for-nothing@{place}"}


def measure_sdk(airflow: ScratchAirflow, *, interval_s: float = 5.0) -> dict[str, float]:
    """Measure what a waiter costs that keeps a worker process; see ``waiting_sdk``."""
    folder = airflow.folder / f"sdk-{time.time_ns()}"
    folder.mkdir()
    save(Shape(8, per_s=8, shortest_s=600, longest_s=600).draw(started_at=time.time()), folder / "jobs.json")
    with _service(folder):
        command = [str(Path(__file__).with_name("waiting_sdk.py")), (folder / "port").read_text(), "--interval", str(interval_s)]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, *command], env=airflow.environment(folder), cwd=folder, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise BenchError(f"the vendor SDK's workers: {done.stderr[-2000:]}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _ask(airflow: ScratchAirflow, triggerer: Triggerer, **request: object) -> None:
    assert airflow.rows is not None
    airflow.rows.ask(database=str(triggerer.database), **request)


@contextmanager
def _service(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service that is polled."""
    command = [sys.executable, str(Path(__file__).with_name("waiting_service.py")), str(folder)]
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own interpreter
    try:
        while not (folder / "port").exists():
            if process.poll() is not None:
                raise BenchError((folder / "service.log").read_text()[-2000:])
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _warm_up(airflow: ScratchAirflow, triggerer: Triggerer, variant: str, *, index: int) -> None:
    """Let one waiter through whose job is done already: what only the first one costs is no cost of a waiter."""
    folder = triggerer.home
    _ask(airflow, triggerer, do="prepare", port=int((folder / "port").read_text()))
    _ask(airflow, triggerer, do="probe", folder=str(folder), index=index + 1)
    _ask(airflow, triggerer, do="jobs", path=str(folder / "jobs.json"), variant=variant, indexes=[index, index + 1])
    until = time.monotonic() + _WARM_UP_S
    while triggerer.still_deferred() > 1:  # the probe stays
        triggerer.check()
        if time.monotonic() > until:
            raise BenchError(f"one waiter ({variant}) had no event within {_WARM_UP_S:.0f} s")
        time.sleep(0.1)
    ((said,),) = triggerer.query(f"SELECT next_kwargs FROM task_instance WHERE map_index = {index}")  # noqa: S608 - a number
    if '"success"' not in said:
        raise BenchError(f"one waiter ({variant}) did not succeed: {said}")


def _watch(triggerer: Triggerer, *, over_at: float, bound_s: float, tell: Callable[[str], object]) -> None:
    """Wait for the last event; give up at the bound, or when none has come for a while after all jobs were done."""
    began, left, came_at = time.time(), -1, time.time()
    while (now := time.time()) < over_at + bound_s and now < max(over_at, came_at) + _NOTHING_FOR_S:
        triggerer.check()
        if (still := triggerer.still_deferred()) != left:
            left, came_at = still, now
        if left <= 1 or psutil.virtual_memory().available < _MEMORY_LEFT_B:
            return  # what was managed until here is the finding
        tell(f"{now - began:.0f} of at most {over_at + bound_s - began:.0f} s, {left - 1:,} waiting")
        time.sleep(0.5)


def _last_words(folder: Path) -> None:
    """Have the runner write its notes; a loop that is blocked for long writes none."""
    (folder / "stop").touch()
    until = time.monotonic() + _LAST_WORDS_S
    while not (folder / "noted").exists() and time.monotonic() < until:
        time.sleep(0.1)


def _persisted(triggerer: Triggerer) -> dict[int, float]:
    rows = triggerer.query(
        "SELECT map_index, scheduled_dttm FROM task_instance WHERE state = 'scheduled' AND next_kwargs LIKE '%success%'"
    )
    return {index: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for index, at in rows}
