"""Axes with a logarithmic scale and plain numbers on it."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullFormatter

_FEW = 1.5


def log_axes(axes: Axes, *, x: bool = False, y: bool = False) -> None:
    """Give the axes a logarithmic scale, once all is drawn: how many numbers stand there depends on what is shown.

    :param axes: with its data
    :param x: the lower one
    :param y: the left one
    """
    if x:
        axes.set_xscale("log")
        _plain(axes.xaxis, *axes.get_xlim())
    if y:
        axes.set_yscale("log")
        _plain(axes.yaxis, *axes.get_ylim())


def _plain(axis: Axis, low: float, high: float) -> None:
    is_short = high / low < 10**_FEW
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if is_short else (1.0,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
