"""Shows how far services and tasks have come: a live table on a terminal, one line per change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

# Every state that a service or an Airflow task can be in: its symbol and rich's name for its colour.
LOOKS = {
    "waiting": ("·", "dim"),
    "scheduled": ("·", "dim"),
    "queued": ("·", "cyan"),
    "starting": ("▸", "cyan"),
    "running": ("▸", "cyan"),
    "restarting": ("▸", "cyan"),
    "deferred": ("◦", "magenta"),
    "up_for_reschedule": ("◦", "magenta"),
    "awaiting_input": ("◦", "magenta"),
    "up_for_retry": ("↻", "yellow"),
    "ready": ("✓", "green"),
    "success": ("✓", "green"),
    "skipped": ("–", "dim"),
    "removed": ("–", "dim"),
    "upstream_failed": ("✗", "red"),
    "failed": ("✗", "bold red"),
}
UNKNOWN_LOOK = ("?", "yellow")


@dataclass(frozen=True, slots=True)
class Row:
    """One service or task.

    :param name: what it is called.
    :param state: a key of ``LOOKS``.
    :param elapsed_s: how long it has taken so far, or took.
    :param tries: how often it was tried; not shown for a service.
    :param detail: more to know.
    """

    name: str
    state: str
    elapsed_s: float | None = None
    tries: int | None = None
    detail: str = ""


class Progress(Protocol):
    """What the story needs of a display."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""

    def show(self, title: str, rows: Sequence[Row]) -> None:
        """Show the present rows under a title."""


class PlainProgress:
    """One line per change of state, without colour: for logs.

    :param stream: where to write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = time.monotonic()
        self._shown: dict[tuple[str, str], tuple[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def show(self, title: str, rows: Sequence[Row]) -> None:
        """Write a line for each row that has changed."""
        for row in rows:
            key, now = (title, row.name), (row.state, row.detail)
            if self._shown.get(key) != now:
                self._shown[key] = now
                print(self._line(title, row), file=self._stream, flush=True)

    def _line(self, title: str, row: Row) -> str:
        parts = [f"{time.monotonic() - self._begun:6.1f} s", f"{title:9}", f"{row.name:28}", row.state]
        if row.tries is not None and row.tries > 1:
            parts.append(f"(try {row.tries})")
        if row.detail:
            parts.append(f"- {row.detail}")
        return " ".join(parts)


class LiveProgress:
    """A table per title, redrawn in place.

    :param stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._tables: dict[str, Sequence[Row]] = {}
        self._console = Console(file=stream)
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, title: str, rows: Sequence[Row]) -> None:
        """Put the rows into the table of that title."""
        self._tables[title] = rows

    def _render(self) -> Group:
        from rich.console import Group

        *before, last = self._tables.items() if self._tables else [("", ())]
        lines = sum(1 + len(rows) for rows in self._tables.values())
        is_full = lines >= self._console.height  # what comes now must be seen: what came before is summed up
        return Group(*(_summary(*table) if is_full else _table(*table) for table in before), _table(*last))


def _summary(title: str, rows: Sequence[Row]) -> Text:
    from rich.text import Text

    states = Counter(row.state for row in rows)
    return Text(f"{title}: " + ", ".join(f"{count} {state}" for state, count in states.items()), style="dim")


def _table(title: str, rows: Sequence[Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    with_tries = any(row.tries is not None for row in rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in (title, "state", *(["tries"] if with_tries else []), "time", ""):
        is_number = heading in {"tries", "time"}
        table.add_column(heading, justify="right" if is_number else "left", min_width=18 if heading == title else None)
    for row in rows:
        symbol, style = LOOKS.get(row.state, UNKNOWN_LOOK)
        cells: list[RenderableType] = [row.name, Text(f"{symbol} {row.state}", style=style)]
        if with_tries:
            cells.append(str(row.tries))
        elapsed = "" if row.elapsed_s is None else f"{row.elapsed_s:.1f} s"
        table.add_row(*cells, elapsed, Text(row.detail, style="dim"))
    return table


def progress_for(stream: TextIO = sys.stdout) -> Progress:
    """Return the display that suits where the output goes."""
    can_draw = stream.isatty() and os.environ.get("TERM") != "dumb" and "utf" in (stream.encoding or "").lower()
    return LiveProgress(stream) if can_draw else PlainProgress(stream)
