"""The emulator as a child process, and the questions that its admin port answers."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_omnihuman.demo.processes import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_omnihuman.demo.credentials import Credentials
    from airflow_provider_omnihuman.demo.layout import Layout


class Emulator:
    """An emulator process, known by the ready line it prints: ``{"endpoint": …, "admin": …, "pid": …}``.

    :param service: its process.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    def is_ready(self) -> bool:
        """Whether it has said, in this life, where it listens."""
        return self.service.is_running and (self._ready_line() or {}).get("pid") == self.service.pid

    @property
    def endpoint(self) -> str:
        """Where the avatar and speech APIs answer."""
        return str((self._ready_line() or {})["endpoint"])

    @property
    def admin(self) -> str:
        """Where it answers questions about itself."""
        return str((self._ready_line() or {})["admin"])

    def state(self) -> dict[str, Any]:
        """What its admin port tells: the jobs it accepted, their status, what they cost."""
        state: dict[str, Any] = httpx.get(f"{self.admin}/state", timeout=10, trust_env=False).raise_for_status().json()
        return state

    def jobs_under_way(self) -> str:
        """What it says of its renders."""
        return said_of_renders(self.state()["jobs"])

    def total_billed_s(self) -> float:
        """Seconds of video that all its jobs are billed for."""
        return sum(float(job["billed_s"]) for job in self.state()["jobs"])

    def _ready_line(self) -> dict[str, Any] | None:
        # The last one: after a restart the log holds one of each life.
        for line in reversed(self.service.log().splitlines()):
            if line.startswith("{") and '"admin"' in line:
                found: dict[str, Any] = json.loads(line)
                return found
        return None


def said_of_renders(jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return how far the renders are that are not done, or else the newest; nothing where there is none.

    :param jobs: as the admin port tells of them.
    """
    states = [str(job["status"]) for job in jobs if job["kind"] == "generate"]
    under_way = Counter(state for state in states if state != "done") or Counter(states[-1:])
    counted = (state if under_way.total() == 1 else f"{count} {state}" for state, count in under_way.items())
    return f"the service says: {', '.join(counted)}" if under_way else ""


def emulator(
    environment: Mapping[str, str],
    credentials: Credentials,
    layout: Layout,
    *,
    ports: tuple[int, int],
    run_id: str,
    options: Mapping[str, object],
) -> Emulator:
    """Return the emulator, not started.

    :param environment: its environment.
    :param credentials: the keys that it accepts.
    :param layout: where its data and log go.
    :param ports: the API's and the admin's.
    :param run_id: the run's mark.
    :param options: further options of its command, such as ``speed``.
    """
    settings = {
        "port": ports[0],
        "admin-port": ports[1],
        "data-dir": layout.emulator_data,
        "access-key": credentials.access_key,
        "secret-key": credentials.secret_key,
        "session-token": credentials.session_token,
        "speech-api-key": credentials.speech_api_key,
        **options,
    }
    arguments = [f"--{name}={setting}" for name, setting in settings.items()]
    return Emulator(
        Service(
            "emulator",
            (sys.executable, "-m", "airflow_provider_omnihuman.emulator", *arguments),
            environment=environment,
            log_path=layout.service_logs / "emulator.log",
            run_id=run_id,
        )
    )
