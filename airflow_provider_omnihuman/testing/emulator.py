"""The emulator as a test sees it: its address, its clock, what it counted, and what shall go wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self
from urllib.request import ProxyHandler, Request, build_opener

from airflow_provider_omnihuman.emulator.server import Emulator
from airflow_provider_omnihuman.emulator.settings import Settings

__all__ = ["EmulatorControl", "EmulatorServers", "emulator_settings"]

_DEFAULTS = Settings(speed=1000.0, concurrency=0, qps=0)
"""A test of a Dag is not about waiting; limits are for the test that is about limits."""
_NAMES = sorted(item.name for item in fields(Settings))


def emulator_settings(**changes: Any) -> Settings:
    """Return the settings of a test's emulator.

    :param changes: fields of ``Settings``, in place of the defaults
    :raises TypeError: names the one that is unknown
    """
    if unknown := sorted(set(changes) - set(_NAMES)):
        raise TypeError(f"the emulator has no setting {', '.join(unknown)}; known are {', '.join(_NAMES)}")
    return replace(_DEFAULTS, **changes)


@dataclass(frozen=True)
class EmulatorControl:
    """The emulator of a test.

    :param emulator: the server
    :param settings: how it behaves, its keys among it
    """

    emulator: Emulator
    settings: Settings

    @property
    def endpoint(self) -> str:
        """The address of the API, for a connection's ``endpoint``."""
        return self.emulator.endpoint

    def admin(self, method: str, path: str, document: dict[str, Any] | None = None) -> Any:
        """Ask the admin API (see the page about the emulator); return its answer.

        :param method: of HTTP
        :param path: such as ``/state``
        :param document: the request's JSON
        """
        request = Request(  # noqa: S310 - the emulator's own address
            self.emulator.admin_url + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        with build_opener(ProxyHandler({})).open(request) as reply:  # whatever proxy the environment names
            return json.load(reply)

    def state(self) -> dict[str, Any]:
        """Return all that was counted: ``requests``, ``accepted``, ``billed_s``, ``jobs``, ``faults``, ``clock``."""
        state: dict[str, Any] = self.admin("GET", "/state")
        return state

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs that were accepted, oldest first, each with the ``body`` that was asked for."""
        return list(self.state()["jobs"])

    def accepted(self) -> int:
        """Return how many jobs were accepted, and so would be paid for."""
        return int(self.state()["accepted"])

    def fault(self, **document: Any) -> None:
        """Make something go wrong, such as ``fault(kind="reset", action="CVGetResult", count=3)``."""
        self.admin("POST", "/faults", document)

    def advance(self, seconds: float) -> None:
        """Move the service's clock: work gets done, URLs and tasks grow old."""
        self.admin("POST", "/clock", {"advance_s": seconds})

    def set_speed(self, speed: float) -> None:
        """Let so many seconds of work pass in a second; 0 holds all jobs where they are."""
        self.admin("POST", "/clock", {"speed": speed})


@dataclass
class EmulatorServers:
    """The servers of a session: one for each set of settings that cannot be changed while it runs."""

    _running: dict[Settings, Emulator] = field(default_factory=dict)

    def fresh(self, settings: Settings) -> EmulatorControl:
        """Return a server with these settings, with no jobs, faults and counts."""
        key = replace(settings, speed=1.0)
        if key not in self._running:
            self._running[key] = Emulator(settings).start()
        control = EmulatorControl(self._running[key], settings)
        control.admin("POST", "/reset", {})
        control.set_speed(settings.speed)
        return control

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._running:
            self._running.popitem()[1].stop()
