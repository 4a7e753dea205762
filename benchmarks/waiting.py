"""What it costs to wait: thousands of triggers in Airflow's own triggerer, ours beside what a user would do otherwise.

Run: ``.venv/bin/python benchmarks/waiting.py [--n 100,1000] [--variants floor,ours,naive,session,sdk] [--quick]``. Without
options all of it, in some 45 minutes; a part run replaces those measurements in the JSON that is there.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from measuring import RESULTS, Report, options
from rich.console import Console
from waiting_airflow import BenchError, ScratchAirflow
from waiting_figures import curves, figures
from waiting_jobs import Shape
from waiting_report import report
from waiting_run import measure, measure_sdk

SHAPES = {
    100: Shape(100, per_s=100, shortest_s=30, longest_s=45),
    1_000: Shape(1_000, per_s=150, shortest_s=45, longest_s=70),
    5_000: Shape(5_000, per_s=130, shortest_s=70, longest_s=140),
    10_000: Shape(10_000, per_s=110, shortest_s=130, longest_s=230),
}
"""All of a set wait at once for a while, for the shortest render outlasts the time that Airflow takes to start them all; and they
end no faster than Airflow persists events, some 50 a second."""

QUICK = Shape(20, per_s=100, shortest_s=10.5, longest_s=12.5)
VARIANTS = ("floor", "ours", "naive", "session", "sdk")
_QUICK_VARIANTS = ("floor", "ours", "naive")
_EVENTS_PER_S = 40
"""Airflow persists about that many at least."""
_MOST_SESSIONS = 1_000
"""A session per poll is at its end there, and takes as long to say so as the naive triggers; ``--n`` asks for it all the same."""

Measured = dict[str, list[dict[str, float]]]
_console = Console(stderr=True)


def main() -> int:
    """Measure, and write the report after each measurement."""
    arguments = options(__doc__, add=_add_options)
    folder = Path(tempfile.mkdtemp(prefix="waiting-"))
    airflow = ScratchAirflow(folder)
    try:
        with _console.status("making Airflow's database"):
            airflow.prepare()
        finished = _quickly(airflow, arguments) if arguments.quick else _fully(airflow, arguments)
        finished.finish(folder=arguments.out)
    finally:
        airflow.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(runs=1)  # a run of all takes 45 minutes
    parser.add_argument("--n", type=_numbers, default=None, help=f"how many triggers: {', '.join(map(str, SHAPES))}")
    parser.add_argument("--variants", type=_names, default=list(VARIANTS), help=f"of {', '.join(VARIANTS)}")


def _numbers(text: str) -> list[int]:
    return [int(part.replace("_", "")) for part in text.split(",")]


def _names(text: str) -> list[str]:
    if unknown := set(text.split(",")) - set(VARIANTS):
        raise argparse.ArgumentTypeError(f"no such variant: {', '.join(sorted(unknown))}")
    return text.split(",")


def _quickly(airflow: ScratchAirflow, arguments: argparse.Namespace) -> Report:
    """Measure a few waiters, all variants at once: starting a triggerer is most of it."""
    with ThreadPoolExecutor() as pool:
        runs = {
            variant: pool.submit(measure, airflow, variant, QUICK, bound_s=20, tell=lambda _text: None, quick=True)
            for variant in _QUICK_VARIANTS
        }
        taken = {variant: run.result() for variant, run in runs.items()}
    measured = {f"{variant}/{QUICK.count}": [figures(result)] for variant, result in taken.items()}
    return report(measured, {f"{v}/{QUICK.count}": curves(result) for v, result in taken.items()}, quick=arguments.quick)


def _fully(airflow: ScratchAirflow, arguments: argparse.Namespace) -> Report:
    """Measure one variant after the other, each size in turn; what was measured before stays until it is measured again."""
    measured, drawn = _measured_before(arguments.out or RESULTS)
    sizes, fresh = arguments.n or list(SHAPES), set[str]()
    for run in range(arguments.runs):
        for count in sizes:
            for variant in arguments.variants:
                if variant == "sdk" and (count != sizes[0] or run):
                    continue  # a process is a process, however many there are
                if variant == "session" and not arguments.n and count > _MOST_SESSIONS:
                    continue
                key = variant if variant == "sdk" else f"{variant}/{count}"
                if key not in fresh:
                    measured.pop(key, None)
                fresh.add(key)
                if (found := _one(airflow, variant, SHAPES.get(count) or _shape(count))) is None:
                    continue
                measured.setdefault(key, []).append(found[0])
                drawn[key] = found[1]
                report(measured, drawn, quick=False).write(arguments.out or RESULTS)
    return report(measured, drawn, quick=False)


def _one(airflow: ScratchAirflow, variant: str, shape: Shape) -> tuple[dict[str, float], dict[str, Any]] | None:
    with _console.status(variant) as status:
        tell: Callable[[str], object] = lambda text: status.update(f"{variant}, {shape.count:,}: {text}")  # noqa: E731
        try:
            if variant == "sdk":
                return measure_sdk(airflow), {}
            result = measure(airflow, variant, shape, bound_s=60 + shape.count / _EVENTS_PER_S, tell=tell)
        except BenchError as error:
            _console.print(f"[red]{variant}, {shape.count:,}[/]: {error}")
            return None
    found = figures(result)
    _console.print(f"{variant}, {shape.count:,}: {found['cpu_s']:.0f} s of CPU, {found['finished']:.1%} finished")
    return found, curves(result)


def _shape(count: int) -> Shape:
    """Return a shape for a number that has none of its own."""
    larger = [size for size in SHAPES if size >= count] or [max(SHAPES)]
    pattern = SHAPES[larger[0]]
    return Shape(count, pattern.per_s, pattern.shortest_s, pattern.longest_s)


def _measured_before(folder: Path) -> tuple[Measured, dict[str, Any]]:
    path = folder / "waiting.json"
    if not path.exists():
        return {}, {}
    document = json.loads(path.read_text())
    if document["quick"]:
        return {}, {}
    measured = {
        key: [{name: math.nan if value is None else value for name, value in run.items()} for run in runs]
        for key, runs in document["series"]["measured"].items()
    }
    return measured, document["series"]["curves"]


if __name__ == "__main__":
    sys.exit(main())
