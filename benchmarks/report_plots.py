"""One plot per benchmark, from its series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import matplotlib as mpl
from cycler import cycler

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from report_axes import log_axes
from report_page import number
from report_waiting import draw_waiting

Document = dict[str, Any]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#4d4d4d", "#a6761d", "#8da0cb")
"""Okabe and Ito's: told apart by colour-blind readers too."""
_MOST_BARS = 16


@contextmanager
def style() -> Iterator[None]:
    """Draw on white, which reads well within a dark page too, and with no date and no chance in the file."""
    settings: Any = {
        "svg.hashsalt": "airflow-provider-omnihuman",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.edgecolor": "#57606a",
        "grid.color": "#e6e8eb",
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(settings):
        yield
    plt.close("all")


def panels(count: int, *, height: float = 3.2, width: float = 3.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels side by side."""
    figure, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False)
    return figure, list(axes[0])


def median(value: Any) -> float:
    """Return the figure of a cell, which may be a spread."""
    return float(value["median"] if isinstance(value, dict) else value)


def spread_bars(axes: Axes, cells: dict[str, Any], *, colours: list[str] | None = None) -> None:
    """Draw lying bars, the first on top, each with its spread and its figure."""
    names = list(cells)
    middle = [median(cells[name]) for name in names]
    ends = [
        (value - cell["low"], cell["high"] - value) if isinstance(cell, dict) else (0.0, 0.0)
        for value, cell in zip(middle, cells.values(), strict=True)
    ]
    axes.barh(names, middle, color=colours or COLOURS[0], height=0.65)
    if any(low or high for low, high in ends):
        axes.errorbar(middle, names, xerr=list(zip(*ends, strict=True)), fmt="none", ecolor="#24292f", elinewidth=1, capsize=2)
    for place, (value, (_, high)) in enumerate(zip(middle, ends, strict=True)):
        axes.annotate(number(value), (value + high, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.grid(visible=False, axis="y")


def bars_of_rows(document: Document) -> Figure | None:
    """Draw the first column of figures of a table; nothing where there is none."""
    rows, columns = document["rows"], document["columns"]
    of_figures = (column for column in columns if rows and all(_is_figure(row.get(column)) for row in rows))
    if (chosen := next(of_figures, None)) is None:
        return None
    labels = columns[: columns.index(chosen)]
    cells = {", ".join(str(row.get(label, "")) for label in labels): row[chosen] for row in rows[:_MOST_BARS]}
    figure, (axes,) = panels(1, width=8, height=1 + 0.32 * len(cells))
    spread_bars(axes, cells)
    axes.set_title(chosen)
    return figure


def _is_figure(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, int | float) and not isinstance(value, bool))


def draw_schedule(document: Document) -> Figure:
    """Polls against delay, per kind of jobs: down and to the left is better."""
    scatter, curve = document["series"]["scatter"], document["series"]["curve"]
    kinds = list(dict.fromkeys(point["jobs"] for point in scatter))
    chosen = [kind for kind in ("stable", "lognormal, sigma 0.3", "suddenly 2× slower") if kind in kinds] or kinds[:3]
    schedules = list(dict.fromkeys(point["schedule"] for point in scatter))
    others = zip((name for name in schedules if "ours" not in name), cycle(COLOURS[1:]), strict=False)
    colours = dict.fromkeys(schedules, COLOURS[0]) | dict(others)
    figure, axes = panels(len(chosen))
    for place, kind in zip(axes, chosen, strict=True):
        for name in ("learned", "fixed"):
            line = [point for point in curve if point["jobs"] == kind and point["schedule"] == name]
            place.plot([p["polls"] for p in line], [p["delay_s"] for p in line], color="#b0b7c0", lw=1, zorder=1)
        for point in (point for point in scatter if point["jobs"] == kind):
            is_ours, name = "ours" in point["schedule"], point["schedule"]
            where = (point["polls"], point["delay_s"])
            place.plot(*where, "*" if is_ours else "o", ms=13 if is_ours else 6, color=colours[name], label=name, ls="none")
        log_axes(place, x=True, y=True)
        place.set(xlabel="polls per job", title=kind)
    axes[0].set_ylabel("mean delay, seconds")
    _legend_below(figure, axes[0])
    return figure


def draw_quota(document: Document) -> Figure:
    """Refusals per job, and when the jobs were done."""
    (name, series), *_ = document["series"].items()
    figure, (left, right) = panels(2, width=5.4)
    strategies = list(series["refused_per_job"])
    for offset, (code, colour) in enumerate((("50429", COLOURS[4]), ("50430", COLOURS[1]))):
        values = [series["refused_per_job"][strategy][code] for strategy in strategies]
        places = [index + 0.38 * (offset - 0.5) for index in range(len(strategies))]
        drawn = left.barh(places, values, height=0.36, color=colour, label=code)
        left.bar_label(drawn, fmt="%.3g", padding=3, fontsize=8)
    left.set_yticks(range(len(strategies)), strategies)
    left.invert_yaxis()
    left.set(title=f"Refused requests per job, {name}", xscale="symlog")
    left.xaxis.set_major_formatter("{x:g}")
    left.margins(x=0.15)
    left.grid(visible=False, axis="y")
    left.legend(loc="lower right")
    for strategy, colour in zip(strategies, cycle(COLOURS), strict=False):
        done = [at / 60 for at in series["done_s"][strategy]]
        right.step(done, range(1, len(done) + 1), where="post", label=strategy, color=colour, lw=1.4)
    right.axvline(series["ideal_s"] / 60, color="#57606a", ls=":", label="ideal makespan")
    right.set(title="Jobs done", xlabel="minutes")
    right.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2)
    return figure


def draw_submit(document: Document) -> Figure:
    """Where the time to the submit goes, phase by phase, and what it is in all."""
    phases, order = document["series"]["phases_ms"], document["series"]["order"]
    figure, (left, right) = panels(2, width=5.2, height=3.2)
    totals = {f"{row['variant']}, {row['task']}": row["ms"] for row in document["rows"] if not row["variant"].startswith("…")}
    spread_bars(left, totals)
    left.set(title="Task's start to POST on the wire", xlabel="ms")
    start = dict.fromkeys(phases, 0.0)
    for phase, colour in zip(order, cycle(COLOURS), strict=False):
        values = [median(phases[task][phase]) for task in phases]
        right.barh(list(phases), values, left=list(start.values()), color=colour, label=phase, height=0.5)
        start = {task: start[task] + value for task, value in zip(phases, values, strict=True)}
    right.set(title="Phase by phase", xlabel="ms")
    right.grid(visible=False, axis="y")
    right.invert_yaxis()
    _legend_below(figure, right)
    return figure


def draw_archive(document: Document) -> Figure:
    """Throughput and CPU, by way and size of film."""
    sizes = {size: ways for size, ways in document["series"].items() if isinstance(ways, dict)}
    ways = list(next(iter(sizes.values())))
    panel = (("mb_per_s", "MB/s: more is better"), ("cpu_s_per_gb", "CPU seconds per GB"), ("memory_mb", "extra memory, MB"))
    figure, axes = panels(len(panel), width=3.8, height=1.4 + 0.32 * len(ways) * len(sizes))
    for place, (key, title) in zip(axes, panel, strict=True):
        cells = {f"{way}, {size}": taken[way][key] for size, taken in sizes.items() for way in ways if way in taken}
        colours = [COLOURS[ways.index(way) % len(COLOURS)] for taken in sizes.values() for way in ways if way in taken]
        spread_bars(place, cells, colours=colours)
        place.set_title(title)
        if place is not axes[0]:
            place.set_yticklabels([])
    return figure


def draw_imports(document: Document) -> Figure:
    """CPU of each import, what one would import otherwise in another colour."""
    series = document["series"]
    cells = dict(sorted(series["cpu_ms"].items(), key=lambda item: median(item[1])))
    colours = [COLOURS[1] if name in series["otherwise"] else COLOURS[0] for name in cells]
    figure, (axes,) = panels(1, width=8, height=1 + 0.26 * len(cells))
    spread_bars(axes, cells, colours=colours)
    axes.axvline(series.get("limit_ms", 20), color="#57606a", ls=":")
    axes.set(title="CPU of an import over airflow.sdk, ms (dotted: the goal)", xscale="symlog")
    axes.xaxis.set_major_formatter("{x:g}")
    return figure


def _legend_below(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))


PLOTS: dict[str, Callable[[Document], Figure]] = {
    "waiting": draw_waiting,
    "schedule": draw_schedule,
    "quota": draw_quota,
    "submit": draw_submit,
    "archive": draw_archive,
    "imports": draw_imports,
}
