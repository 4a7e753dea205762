"""The processes of a real Airflow, and how to tell that each of them is alive."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.processes import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from airflow_provider_omnihuman.demo.rest import AirflowRest, Heartbeats

MIGRATE = "database"
COMMANDS: dict[str, tuple[str, ...]] = {
    MIGRATE: ("db", "migrate"),
    "api-server": ("api-server",),
    # Their log servers listen on all interfaces, and cannot be told otherwise. On one machine nobody needs
    # them: the API server reads the log files itself.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
# The API server is the slowest to start, and needs the database only once it is asked something.
NEED_THE_DATABASE = frozenset({"scheduler", "dag-processor", "triggerer"})


def airflow_service(name: str, arguments: Sequence[str], environment: Mapping[str, str], *, logs: Path, run_id: str) -> Service:
    """Return one process of Airflow, not started.

    :param name: what to call it.
    :param arguments: of the ``airflow`` command.
    :param environment: everything it is configured with.
    :param logs: the folder for its log.
    :param run_id: the run's mark.
    """
    command = (sys.executable, "-m", "airflow", *arguments)
    return Service(name, command, environment=environment, log_path=logs / f"{name}.log", run_id=run_id)


class Health:
    """What Airflow says about its services, asked on a thread: a starting API server answers slowly.

    :param rest: the Airflow to ask.
    """

    def __init__(self, rest: AirflowRest) -> None:
        self._rest = rest
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
        self._asking: Future[Heartbeats | None] | None = None
        self._heartbeats: Heartbeats | None = None

    def close(self) -> None:
        """Ask no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def is_alive(self, service: Service) -> bool:
        """Whether the service gave a sign of life since it was last started.

        Airflow calls a service healthy for 30 s after its death: the time is compared, not the status.
        """
        self._refresh()
        if self._heartbeats is None or service.started_at is None:
            return False
        if service.name == "api-server":
            return True
        beat = self._heartbeats.get(service.name.replace("-", "_"))
        return beat is not None and beat >= service.started_at

    def _refresh(self) -> None:
        if self._asking is None:
            self._asking = self._thread.submit(self._rest.health)
        elif self._asking.done():
            self._heartbeats, self._asking = self._asking.result(), None
