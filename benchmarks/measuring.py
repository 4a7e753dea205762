"""What every benchmark here shares: its options, its runs side by side, its table, its JSON.

A figure is only told as a ratio to what a user would do otherwise, taken in the same run, with its spread. Goals are noted
with what was reached; a missed one is a finding to explain, never a failed test: timings depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
Measure = dict[str, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs of one figure."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        if self.runs == 1:
            return f"{self.median:,.3g}"
        return f"{self.median:,.3g} ({self.low:,.3g} to {self.high:,.3g})"


@dataclass(frozen=True, slots=True)
class Goal:
    """What was wanted, and what was reached.

    :param wanted: in words, with its figure
    :param reached: the figure measured
    :param limit: the figure wanted
    :param sense: whether the limit is a most or a least
    :param remark: where it is missed: by what, and what stands in the way
    """

    wanted: str
    reached: float
    limit: float
    sense: Literal["at most", "at least"] = "at most"
    remark: str = ""

    @property
    def is_met(self) -> bool:
        return self.reached <= self.limit if self.sense == "at most" else self.reached >= self.limit


@dataclass(slots=True)
class Report:
    """One benchmark's result: rows for the table, series for the plots, goals for the summary.

    :param name: of the benchmark; its file is ``results/<name>.json``
    :param title: one line
    :param method: what was run against what, so that a reader can judge the figures
    :param columns: of the table, in order; each row is a mapping with these keys
    """

    name: str
    title: str
    method: str
    columns: list[str]
    quick: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def add(self, **row: Any) -> None:
        """Add a row of the table; a :class:`Spread` keeps its runs."""
        self.rows.append(row)

    def finish(self, *, folder: Path | None = None) -> Path:
        """Print the table and the goals, write the JSON; return its path."""
        console = Console(width=max(160, Console().width))
        table = Table(*self.columns, title=self.title)
        for row in self.rows:
            table.add_row(*(_shown(row.get(column)) for column in self.columns))
        console.print(table)
        for goal in self.goals:
            mark = "[green]met[/]" if goal.is_met else "[red]missed[/]"
            console.print(f"{mark}: {goal.wanted}: {goal.reached:.3g} ({goal.sense} {goal.limit:g}). {goal.remark}")
        path = self.write(folder)
        console.print(f"written: {path.name}")
        return path

    def write(self, folder: Path | None = None) -> Path:
        """Write the JSON as it is by now; return its path."""
        folder = folder or RESULTS
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self._document(), indent=1, ensure_ascii=False, default=asdict) + "\n")
        return path

    def _document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "method": self.method,
            "quick": self.quick,
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "columns": self.columns,
            "rows": self.rows,
            "goals": [{**asdict(goal), "is_met": goal.is_met} for goal in self.goals],
            "series": self.series,
        }


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "airflow": version("apache-airflow"),
        "load_before": round(os.getloadavg()[0], 1),
    }


def options(description: str | None, *, add: Callable[[argparse.ArgumentParser], object] | None = None) -> argparse.Namespace:
    """Read the command line: ``--quick`` shows that the benchmark works, ``--runs`` how often, ``--out`` where to.

    :param description: the module's docstring
    :param add: adds the benchmark's own options
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds, small numbers: shows that it works")
    parser.add_argument("--runs", type=int, default=3, help="interleaved runs of each variant")
    parser.add_argument("--out", type=Path, default=None, help="folder of the JSON, instead of benchmarks/results")
    if add:
        add(parser)
    return parser.parse_args()


def interleaved(variants: dict[str, Callable[[], Measure]], *, runs: int) -> dict[str, dict[str, Spread]]:
    """Run each variant in turn, ``runs`` times over, so that what else the machine does falls on all alike.

    :return: by variant and figure, the spread over its runs
    """
    taken: dict[str, list[Measure]] = {name: [] for name in variants}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        for run in range(runs):
            for name, measure in variants.items():
                task = progress.add_task(f"run {run + 1} of {runs}: {name}")
                taken[name].append(measure())
                progress.remove_task(task)
    return {name: {key: Spread.of([run[key] for run in all_runs]) for key in all_runs[0]} for name, all_runs in taken.items()}


def ratio(of: Spread, to: Spread) -> Spread:
    """Return the ratio of the medians, with the widest spread that the runs allow."""
    return Spread(of.median / to.median, of.low / to.high, of.high / to.low, min(of.runs, to.runs))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
