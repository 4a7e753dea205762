"""Brings services up together, each as soon as what it needs is there; none may die on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.failures import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_omnihuman.demo.processes import Service


class StepState(StrEnum):
    """How far a step has come."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"


@dataclass(slots=True)
class Step:
    """One service on its way up.

    :param service: the process.
    :param is_ready: asked again and again until it says yes.
    :param after: the steps that must be ready before.
    :param ends: it is a command that does its work and ends, rather than a service that stays.
    """

    service: Service
    is_ready: Callable[[], bool]
    after: tuple[Step, ...] = ()
    ends: bool = False
    state: StepState = StepState.WAITING
    started_s: float = field(default=0.0)
    ready_s: float = field(default=0.0)

    def elapsed_s(self, now_s: float) -> float | None:
        """Seconds since its start; once it is ready, seconds that it took.

        :param now_s: the present time of the clock that it is advanced with.
        """
        if self.state is StepState.WAITING:
            return None
        return (self.ready_s if self.state is StepState.READY else now_s) - self.started_s

    def advance(self, now_s: float) -> None:
        """Start it if it may, see whether it is ready, complain if it died."""
        if self.state is StepState.WAITING and all(step.state is StepState.READY for step in self.after):
            self.service.start()
            self.state, self.started_s = StepState.STARTING, now_s
        elif self.state is StepState.STARTING and self._has_arrived():
            self.state, self.ready_s = StepState.READY, now_s
        elif self.state is StepState.READY and not self.ends:
            check_running(self.service)

    def _has_arrived(self) -> bool:
        if self.ends and self.service.exit_code == 0:
            return True
        check_running(self.service)
        return not self.ends and self.is_ready()


def check_running(service: Service) -> None:
    """Complain, with the end of its log, if a service has ended."""
    if service.exit_code is None:
        return
    raise DemoError(
        f"the {service.name} ended with exit code {service.exit_code}",
        log_title=str(service.log_path),
        log_tail=service.log_tail(),
    )


def bring_up(
    steps: Sequence[Step],
    report: Callable[[Sequence[Step]], None],
    *,
    within_s: float = 300.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Advance all steps until every one is ready.

    :param steps: what to start.
    :param report: told of every round.
    :param within_s: give up after this long, naming who is late.
    :param clock: seconds that only grow.
    :param sleep: how to wait between rounds.
    """
    deadline = clock() + within_s
    while True:
        for step in steps:
            step.advance(clock())
        report(steps)
        late = [step for step in steps if step.state is not StepState.READY]
        if not late:
            return
        if clock() > deadline:
            slowest = next((step for step in late if step.state is StepState.STARTING), late[0]).service
            raise DemoError(
                f"the {slowest.name} was not ready within {within_s:.0f} s",
                log_title=str(slowest.log_path),
                log_tail=slowest.log_tail(),
            )
        sleep(0.1)
