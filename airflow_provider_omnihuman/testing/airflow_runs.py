"""Runs a Dag file from beginning to end in this process, by ``dag.test()``, on a database of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

__all__ = ["AirflowRuns", "FinishedRun", "temporary_airflow"]

_BUNDLE = "omnihuman-testing"
_BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"


@dataclass(frozen=True)
class FinishedRun:
    """A Dag run that is over.

    :param dag_run: Airflow's own object
    """

    dag_run: Any

    @property
    def state(self) -> str:
        """``"success"`` or ``"failed"``."""
        return str(self.dag_run.state)

    @property
    def task_states(self) -> dict[str, str]:
        """The state of each task; mapped ones are named ``task_id[map_index]``."""
        return {_name(task): str(task.state) for task in self.dag_run.get_task_instances()}

    def xcom(self, task_id: str, key: str = "return_value", *, map_index: int = -1) -> Any:
        """Return what a task pushed; None where it pushed nothing.

        :param task_id: the task
        :param key: of the XCom
        :param map_index: which one of a mapped task
        """
        from airflow.models.xcom import XComModel
        from airflow.sdk.execution_time.xcom import XCom
        from airflow.utils.session import create_session

        run = {"dag_id": self.dag_run.dag_id, "run_id": self.dag_run.run_id}
        with create_session() as session:
            query = session.query(XComModel).filter_by(**run, task_id=task_id, map_index=map_index, key=key)
            found = query.one_or_none()
            # As tasks read it: the database model's own reading makes a number of a text of digits, such as a task id.
            return None if found is None else XCom.deserialize_value(found)

    def asset_events(self) -> dict[str, dict[str, Any]]:
        """Return the ``extra`` of each asset event that the run emitted, by the asset's URI."""
        from airflow.models.asset import AssetEvent, AssetModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        wanted = select(AssetModel.uri, AssetEvent.extra).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
        of_this_run = (AssetEvent.source_dag_id == self.dag_run.dag_id, AssetEvent.source_run_id == self.dag_run.run_id)
        with create_session() as session:
            return {uri: dict(extra) for uri, extra in session.execute(wanted.where(*of_this_run))}


def _name(task: Any) -> str:
    return task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"


@dataclass(frozen=True)
class AirflowRuns:
    """Runs Dags on a temporary Airflow."""

    monkeypatch: pytest.MonkeyPatch

    def load(self, dag: DAG | str | os.PathLike[str], *, dag_id: str | None = None) -> DAG:
        """Return a Dag, loaded as Airflow loads it.

        :param dag: the Dag's file; or a Dag that is defined in one, at its top level
        :param dag_id: which one, where the file has several
        :raises AssertionError: the file does not import, or has no such Dag; says why
        """
        is_path = isinstance(dag, str | os.PathLike)
        path = Path(dag if is_path else dag.fileloc).resolve()  # type: ignore[arg-type,union-attr]  # mypy does not follow is_path
        wanted = dag_id or (None if is_path else dag.dag_id)  # type: ignore[union-attr]
        # The file alone, not its folder: dag.test() would parse every Dag of the team at each run.
        bundle = {"name": _BUNDLE, "classpath": _LOCAL_BUNDLE, "kwargs": {"path": str(path)}}
        self.monkeypatch.setenv(_BUNDLES, json.dumps([bundle]))
        if str(path.parent) not in sys.path:  # as the folder of a bundle is
            self.monkeypatch.syspath_prepend(path.parent)
        found = _dags_of(path)
        assert wanted in found if wanted else len(found) == 1, f"{path} has the Dags {sorted(found)}: name one with dag_id="
        return found[wanted or next(iter(found))]

    def run(
        self, dag: DAG | str | os.PathLike[str], *, dag_id: str | None = None, conf: dict[str, Any] | None = None
    ) -> FinishedRun:
        """Run a Dag to its end: tasks, deferrals, retries and mapping are real; return the run, failed or not.

        :param dag: as for :meth:`load`
        :param dag_id: which one, where the file has several
        :param conf: of the run: the Dag's params
        """
        return FinishedRun(self.load(dag, dag_id=dag_id).test(run_conf=conf))


def _dags_of(path: Path) -> dict[str, DAG]:
    bag: Any
    try:
        from airflow.dag_processing.dagbag import BundleDagBag
    except ModuleNotFoundError:  # Airflow 3.1
        from airflow.models.dagbag import DagBag

        bag = DagBag(dag_folder=path, include_examples=False)
    else:
        bag = BundleDagBag(dag_folder=path, bundle_path=path, bundle_name=_BUNDLE)
    assert not bag.import_errors, "\n".join(map(str, bag.import_errors.values()))
    dags: dict[str, DAG] = bag.dags
    return dags


@contextmanager
def temporary_airflow(home: Path) -> Iterator[None]:
    """Let this process's Airflow use the database in a folder for a while, whether it is imported already or not.

    :param home: an empty folder, or one that was used for this before
    """
    database = home / "airflow.db"
    settings_of_it = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_of_it.items():
            patch.setenv(name, value)
        patch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC", raising=False)
        is_new = not database.exists()
        _connect()
        if is_new:
            from airflow.utils.db import initdb

            initdb()
        yield
    _connect()  # what comes later has the caller's database again


def _connect() -> None:
    from airflow import settings

    settings.dispose_orm(do_log=False)
    settings.configure_vars()
    settings.configure_orm()
