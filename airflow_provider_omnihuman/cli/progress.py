"""Bars that move by themselves while the command waits; a line for each change where nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from airflow_provider_omnihuman.api.expected import Expected, span

if TYPE_CHECKING:
    from airflow_provider_omnihuman.api.models import TaskStatus
    from airflow_provider_omnihuman.api.waiting import Progress as Change
    from airflow_provider_omnihuman.cli.terminal import Terminal

__all__ = ["WaitingBar"]

_NEARLY = 0.98
"""What takes longer than expected is not done: the bar stays short of its end."""


class _Ticking(Progress):
    """A bar that is brought up to date whenever it is drawn."""

    before_drawing: Callable[[], None] | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what to draw."""
        if self.before_drawing:
            self.before_drawing()
        yield from super().get_renderables()


class WaitingBar:
    """Elapsed time against the expected one, and the latest status.

    :param terminal: where it is drawn
    :param task_id: of the job
    :param expected: of it, as far as anybody knows
    :param clock: epoch seconds
    """

    def __init__(self, terminal: Terminal, task_id: str, *, expected: Expected, clock: Callable[[], float] = time.time) -> None:
        self._terminal = terminal
        self._expected = expected
        self._clock = clock
        self._since = expected.submitted_at or clock()
        self._progress = _Ticking(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[times]}", markup=False),
            console=terminal.console,
            refresh_per_second=2,
            transient=True,
            disable=not terminal.is_live,
        )
        self._bar = self._progress.add_task(f"task {task_id}", total=None, times="")
        self._progress.before_drawing = self.tick

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None) -> None:
        self._progress.stop()

    def heard(self, status: TaskStatus) -> None:
        """Show a status.

        :param status: the latest
        """
        self._progress.update(self._bar, description=status.value)
        if not self._terminal.is_live:
            self._terminal.say(
                f"{status}, {span(self._clock() - self._since)} after its submit" if self._has_start else status.value
            )

    def changed(self, change: Change) -> None:
        """Show what has changed.

        :param change: as the wait tells it
        """
        if change.status:
            self._progress.update(self._bar, description=change.status.value)
        if not self._terminal.is_live or change.fault or change.is_late:
            self._terminal.say(str(change))

    def tick(self) -> None:
        """Bring the bar to the time that it is."""
        elapsed_s, due_s = self._clock() - self._since, self._expected.render_s
        times = span(elapsed_s)
        if due_s is not None:
            times += (
                f" of about {span(due_s, roughly=True)}" if elapsed_s <= due_s else f", later than {span(due_s, roughly=True)}"
            )
            self._progress.update(self._bar, total=due_s, completed=min(elapsed_s, _NEARLY * due_s))
        self._progress.update(self._bar, times=times)

    @property
    def _has_start(self) -> bool:
        return self._expected.submitted_at is not None
