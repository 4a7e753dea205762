"""The plot of the waiting benchmark: cost by the number of waiters, and one run over time."""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from report_axes import log_axes

_COLOURS = {"floor": "#7f7f7f", "ours": "#0072b2", "naive": "#d55e00", "session": "#cc79a7"}
_PANELS = (
    ("cpu_s_per_job", "CPU seconds per job"),
    ("mb_per_1000", "MB per 1,000 waiters"),
    ("waiting_lag_p99_ms", "Event loop's lag, p99, ms"),
    ("event_p50_s", "Job done → event, median, s"),
)
_GOAL = {"waiting_lag_p99_ms": 20.0}


def draw_waiting(document: dict[str, Any]) -> Figure:
    """Four figures by the number of waiters, and below them the largest run of ours over time."""
    series = document["series"]
    measured = series["measured"]
    figure, axes = plt.subplots(2, 3, figsize=(11, 6.2))
    for place, (key, title) in zip(axes.flat, _PANELS, strict=False):
        for variant, colour in _COLOURS.items():
            _line(place, measured, variant, key, colour=colour, label=variant)
        if key in _GOAL:
            place.axhline(_GOAL[key], color="#57606a", ls=":", lw=1)
        log_axes(place, x=True, y=True)
        place.set(title=title, xlabel="waiters")
    sizes = [int(key.split("/")[1]) for key in series["curves"] if key.startswith("ours/")]
    _over_time(axes.flat[4], axes.flat[5], series["curves"], size=max(sizes))
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _line(place: Axes, measured: dict[str, Any], variant: str, key: str, *, colour: str, label: str) -> None:
    points = []
    for size in sorted(int(name.split("/")[1]) for name in measured if name.startswith(f"{variant}/")):
        values = sorted(run[key] for run in measured[f"{variant}/{size}"] if run[key] is not None and run[key] > 0)
        if values:
            points.append((size, values[len(values) // 2]))
    if points:
        place.plot(*zip(*points, strict=True), "o-", color=colour, label=label, ms=5, lw=1.6)


def _over_time(jobs: Axes, cores: Axes, curves: dict[str, Any], *, size: int) -> None:
    """Draw when jobs were done, seen and persisted, and the cores in use, of each variant."""
    ours = curves[f"ours/{size}"]
    for key, label, colour in (
        ("done", "done", "#7f7f7f"),
        ("over", "event", "#0072b2"),
        ("persisted", "in the database", "#009e73"),
    ):
        jobs.plot(ours["at_s"], ours[key], color=colour, lw=1.6, label=label, ls="--" if key == "done" else "-")
    jobs.set(title=f"{size:,} jobs of ours over time", xlabel="seconds")
    jobs.legend(loc="upper left")
    for variant, colour in _COLOURS.items():
        if drawn := curves.get(f"{variant}/{size}"):
            cores.plot(drawn["at_s"], drawn["cores"], color=colour, lw=1.3)
    cores.set(title=f"Cores in use, {size:,} waiters", xlabel="seconds")
