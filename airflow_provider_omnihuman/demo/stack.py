"""Emulator, object store and Airflow as one thing that starts and stops, for the demo and scenario tests."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from airflow_provider_omnihuman.demo import airflow_settings
from airflow_provider_omnihuman.demo.airflow_services import COMMANDS, MIGRATE, NEED_THE_DATABASE, Health, airflow_service
from airflow_provider_omnihuman.demo.connections import demo_connections
from airflow_provider_omnihuman.demo.credentials import Credentials
from airflow_provider_omnihuman.demo.emulator_service import Emulator, emulator
from airflow_provider_omnihuman.demo.environment import children_environment
from airflow_provider_omnihuman.demo.experience import write_experience
from airflow_provider_omnihuman.demo.layout import claim, readable_folder
from airflow_provider_omnihuman.demo.object_store import BUCKET, ObjectStore, object_store
from airflow_provider_omnihuman.demo.pool import render_pool
from airflow_provider_omnihuman.demo.ports import free_ports
from airflow_provider_omnihuman.demo.postgres import Postgres
from airflow_provider_omnihuman.demo.processes import Service, stop_all
from airflow_provider_omnihuman.demo.rest import AirflowRest
from airflow_provider_omnihuman.demo.script_queue import QUEUE_VARIABLE, create_script_queue, queue_url
from airflow_provider_omnihuman.demo.signals import signals_ignored
from airflow_provider_omnihuman.demo.startup import Step, bring_up, check_running
from airflow_provider_omnihuman.demo.warden import Warden
from airflow_provider_omnihuman.emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What to start, and where.

    :param work_dir: the working folder.
    :param dags_folders: the folders with Dags.
    :param only_dag_file: parse this file name alone, or these, with commas between them; all when empty.
    :param speed: how many times faster than real the emulator's clock runs.
    :param on_postgres: keep Airflow's database in a PostgreSQL cluster of the run's own instead of in SQLite.
    :param emulator_options: further options of the emulator's command, without their dashes.
    :param airflow_settings: settings over those of the demo, such as ``SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL``.
    """

    work_dir: Path
    dags_folders: tuple[Path, ...]
    only_dag_file: str = ""
    speed: float = 60.0
    on_postgres: bool = False
    emulator_options: Mapping[str, object] = field(default_factory=dict)
    airflow_settings: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """The services of one run. A context manager: leaving it leaves no process.

    :param plan: what to start.
    """

    def __init__(self, plan: StackPlan) -> None:
        folders = [readable_folder(folder) for folder in plan.dags_folders]
        self.layout, self._lock = claim(plan.work_dir)
        self.credentials = Credentials()
        self.run_id = uuid.uuid4().hex
        api_port, s3_port, postgres_port, *emulator_ports = free_ports(5)
        plain = children_environment(os.environ)
        logs = self.layout.service_logs
        self.postgres = Postgres(plain, port=postgres_port, logs=logs, run_id=self.run_id) if plan.on_postgres else None
        self.airflow_settings = airflow_settings.airflow_environment(
            self.layout,
            self.credentials,
            port=api_port,
            dags_folders=folders,
            only_dag_file=plan.only_dag_file,
            more=({"DATABASE__SQL_ALCHEMY_CONN": self.postgres.url} if self.postgres else {}) | dict(plan.airflow_settings),
        )
        self.rest = AirflowRest(f"http://127.0.0.1:{api_port}", self.credentials)
        self.store: ObjectStore = object_store(plain, self.credentials, port=s3_port, logs=logs, run_id=self.run_id)
        self.airflow_settings[QUEUE_VARIABLE] = queue_url(self.store)
        self.emulator: Emulator = emulator(
            plain,
            self.credentials,
            self.layout,
            ports=(emulator_ports[0], emulator_ports[1]),
            run_id=self.run_id,
            options={"speed": plan.speed, **plan.emulator_options},
        )
        self._speed = plan.speed
        self._concurrency = int(str(plan.emulator_options.get("concurrency", Settings().concurrency)))
        self.services: dict[str, Service] = {
            **({"postgres": self.postgres.service} if self.postgres else {}),
            "emulator": self.emulator.service,
            "object-store": self.store.service,
        }
        for name, arguments in COMMANDS.items():
            self.add(name, arguments)
        self._health = Health(self.rest)
        self._warden: Warden | None = None

    def __enter__(self) -> Self:
        """Post the warden: from here on, no end of this process leaves a child."""
        self._warden = Warden(self.run_id)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Stop everything."""
        self.stop()

    def start(self, report: Callable[[Sequence[Step]], None] = lambda _: None) -> None:
        """Bring everything up, create the bucket, the connections and the pool.

        :param report: told how far each service has come.
        """
        airflow_settings.write_password_file(self.layout, self.credentials)
        write_experience(self.layout.airflow_home, speed=self._speed)
        if self.postgres:
            self.postgres.create()
        bring_up(self._steps(), report)
        self.store.client().create_bucket(Bucket=BUCKET)
        create_script_queue(self.store)
        for connection in demo_connections(self.credentials, emulator_url=self.emulator.endpoint, s3_url=self.store.endpoint):
            self.rest.create_connection(connection)
        self.rest.create_pool(render_pool(self._concurrency))

    def stop(self, *, within_s: float = 3.0) -> None:
        """Stop every process of the run, politely for a while.

        :param within_s: how long to wait before killing.
        """
        with signals_ignored(), ExitStack() as last:
            last.callback(self._lock.close)
            if self._warden is not None:
                last.callback(self._warden.dismiss)
            last.callback(self.rest.close)
            last.callback(self._health.close)
            services = dict(self.services)
            database = services.pop("postgres", None)
            stop_all(list(services.values()), within_s=within_s)
            if self.postgres and database:  # last: it waits for the sessions of the others
                stop_all([database], within_s=within_s)
                self.postgres.remove()

    def check(self) -> None:
        """Complain if a service has died."""
        for name, service in self.services.items():
            if name != MIGRATE:
                check_running(service)

    def kill(self, name: str) -> None:
        """Kill a service and all that it started, at once (SIGKILL)."""
        self.services[name].kill()

    def restart(self, name: str) -> None:
        """Start a service that was killed or stopped, and wait until it is alive again."""
        bring_up([self._step(name)], lambda _: None)

    def add(self, name: str, arguments: Sequence[str]) -> Service:
        """Return one more process of this Airflow, not started; it is stopped with the others.

        :param name: what to call it.
        :param arguments: of the ``airflow`` command.
        """
        environment = children_environment(os.environ) | self.airflow_settings
        logs = self.layout.service_logs
        self.services[name] = airflow_service(name, arguments, environment, logs=logs, run_id=self.run_id)
        return self.services[name]

    def _steps(self) -> list[Step]:
        migrate = Step(self.services[MIGRATE], lambda: False, ends=True)
        others = {name: self._step(name) for name in self.services if name != MIGRATE}
        for name in NEED_THE_DATABASE:
            others[name].after = (migrate,)
        if cluster := others.get("postgres"):
            migrate.after = others["api-server"].after = (cluster,)
        return [migrate, *others.values()]

    def _step(self, name: str) -> Step:
        service = self.services[name]
        if service is self.emulator.service:
            return Step(service, self.emulator.is_ready)
        if service is self.store.service:
            return Step(service, self.store.is_ready)
        if self.postgres and service is self.postgres.service:
            return Step(service, self.postgres.is_ready)
        return Step(service, lambda: self._health.is_alive(service))
