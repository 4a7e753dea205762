"""Puts deferred tasks with their triggers into Airflow's database, in bulk, as a scheduler and its workers would have left them.

Runs beside the triggerers, with the same Airflow settings; reads one JSON request per line, answers ``ok`` or what went wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import waiting_triggers as triggers
from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.connection import Connection
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.triggers.base import BaseTrigger
from airflow.utils.db import initdb
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import create_engine, insert, select, update
from sqlalchemy.orm import Session
from waiting_jobs import CONN_ID, HTTP_CONN_ID, KIND, Job, load

DAG_ID, RUN_ID, TASK_ID, PATTERN = "waiting", "bench", "wait", -1
_BATCH = 1000
_DEADLINE_S = 3600.0


def ours(job: Job) -> BaseTrigger:
    """Return the provider's trigger; told what it can use of what the operator knows."""
    return triggers.OursTrigger(
        omnihuman_conn_id=CONN_ID,
        omnihuman_task_id=job.task_id,
        deadline=job.done_at + _DEADLINE_S,
        first_poll_at=job.submitted_at + 10.0,
        render={"kind": KIND, "audio_s": job.audio_s, "submitted_at": job.submitted_at},
    )


def _compared(cls: Callable[..., BaseTrigger]) -> Callable[[Job], BaseTrigger]:
    return lambda job: cls(omnihuman_task_id=job.task_id, done_at=job.done_at)


VARIANTS: dict[str, Callable[[Job], BaseTrigger]] = {
    "ours": ours,
    "naive": _compared(triggers.NaiveTrigger),
    "session": _compared(triggers.SessionPerPollTrigger),
    "floor": _compared(triggers.FloorTrigger),
}


def make() -> None:
    """Make the database that Airflow's settings name, with the Dag of their Dag bundle."""
    initdb()
    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        found = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        assert not found.import_errors, found.import_errors
        sync_bag_to_db(found, bundle.name, bundle_version=None)
    settings.get_engine().dispose()  # the file is whole, and may be copied


def connections(session: Session, port: int) -> None:
    """Put the connections into the database, where a deployment has them: looking one up asks Airflow."""
    session.add(Connection(CONN_ID, "omnihuman", login="AKLTbench", password="no-secret-at-all", **_place(port)))  # noqa: S106
    session.add(Connection(HTTP_CONN_ID, "http", **_place(port)))


def _place(port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "schema": "http"}


def dag_run(session: Session) -> None:
    """Start a run of the Dag, as the scheduler does."""
    dag = DBDagBag().get_latest_version_of_dag(DAG_ID, session=session)
    assert dag is not None
    dag.create_dagrun(
        run_id=RUN_ID,
        run_after=datetime.now(UTC),
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        session=session,
    )
    session.flush()
    # Its one mapped task is the pattern for those to come, under an index that none of them has.
    pattern = update(TaskInstance).where(TaskInstance.dag_id == DAG_ID)
    session.execute(pattern.values(map_index=PATTERN, state=TaskInstanceState.SKIPPED))


def defer(session: Session, waiting: Iterable[tuple[int, BaseTrigger]]) -> None:
    """Put deferred, mapped task instances and their triggers into the database.

    :param waiting: map index and trigger, in the order in which the triggerer is to take them
    """
    run = session.scalars(select(DagRun).where(DagRun.dag_id == DAG_ID, DagRun.run_id == RUN_ID)).one()
    pattern = session.scalars(select(TaskInstance).where(TaskInstance.dag_id == DAG_ID, TaskInstance.map_index == PATTERN)).one()
    common = {name: getattr(pattern, name) for name in ("pool", "pool_slots", "queue", "priority_weight", "operator")}
    common |= {"dag_id": DAG_ID, "task_id": TASK_ID, "run_id": RUN_ID, "dag_version_id": pattern.dag_version_id}
    common |= {"state": TaskInstanceState.DEFERRED, "next_method": "execute_complete", "next_kwargs": {}}
    common |= {"try_number": 1, "max_tries": 0, "start_date": run.run_after, "trigger_timeout": None}
    since = run.run_after
    rows = list(waiting)
    for start in range(0, len(rows), _BATCH):
        _defer_batch(session, rows[start : start + _BATCH], common, since=since)
        session.commit()  # the triggerer writes to the same SQLite


def _defer_batch(session: Session, rows: list[tuple[int, BaseTrigger]], common: dict[str, Any], *, since: datetime) -> None:
    made = []
    for index, trigger in rows:
        row = Trigger.from_object(trigger)
        row.created_date = since + timedelta(milliseconds=index)  # the order in which the triggerer takes them
        made.append(row)
    session.add_all(made)
    session.flush()
    session.execute(
        insert(TaskInstance),
        [{**common, "map_index": index, "trigger_id": row.id} for (index, _), row in zip(rows, made, strict=True)],
    )


def handle(request: dict[str, Any]) -> None:
    """Do what one line asks for."""
    if request["do"] == "make":
        make()
        return
    engine = create_engine(f"sqlite:///{request['database']}", connect_args={"timeout": 60})
    with Session(engine) as session:
        match request:
            case {"do": "prepare", "port": int() as port}:
                connections(session, port)
                dag_run(session)
            case {"do": "probe", "folder": str() as folder, "index": int() as index}:
                defer(session, [(index, triggers.LagProbe(folder=folder))])
            case {"do": "jobs", "path": str() as path, "variant": str() as variant, "indexes": [int() as first, int() as last]}:
                build = VARIANTS[variant]
                defer(session, ((job.index, build(job)) for job in load(Path(path))[first:last]))
            case _:
                raise ValueError(f"not a request: {request!r}")
        session.commit()
    engine.dispose()


def main() -> None:
    """Read requests until the input ends."""
    for line in sys.stdin:
        handle(json.loads(line))
        print("ok", flush=True)


if __name__ == "__main__":
    main()
