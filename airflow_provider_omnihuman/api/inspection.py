"""Where to look for an end whose time is only known as a distribution: the theory of optimal inspection, as a small table.

Looking ``n(t)`` times a second costs ``∫ n(t) S(t) dt`` looks and finds the end ``½ ∫ f(t) / n(t) dt`` late, with ``f`` the
density of the end, ``S`` the share of jobs that still run and ``h = f / S`` the hazard rate. For a given mean delay the fewest
looks are made with ``n(t) = c · sqrt(h(t))`` (Barlow, Hunter and Proschan 1963; Keller 1974). The table holds
``G(r) = ∫ sqrt(h) dr`` over the duration ``r`` relative to what was expected, so that one table serves jobs of any length, and
the next look is where ``G`` has grown by one step.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["FEW", "Inspection", "Seen"]

FEW = 8
"""With fewer jobs seen than this, what they showed is not relied upon."""
_CELLS = 256
_REACH = math.log(8)
"""The table spans an eighth to eight times the expected duration."""
_CELL = 2 * _REACH / _CELLS
_EDGES = array("d", (math.exp(-_REACH + i * _CELL) for i in range(_CELLS + 1)))
_WIDTHS = array("d", (_EDGES[i + 1] - _EDGES[i] for i in range(_CELLS)))
_NEIGHBOURS = 0.12
"""Share of the observations over which each one is smeared, the nearer side counts: smooth, yet two humps stay apart."""
_WIDEST, _NARROWEST = 0.3, 0.01
_CAUTION = 0.6
"""Divided by the number of jobs seen: two that agree do not show that all do."""
_RARE = 0.05
_DOUBT = 0.3
"""The next job may take anything: believed as much as a third of a job seen. It is what finds a service that became faster."""
_DOUBT_SCALE = 0.45
"""Of the logistic distribution (of the logarithm) that stands for anything: the middle half lies within 0.6 to 1.6 times."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A duration relative to the expected one, known to lie between two looks.

    :param low: natural logarithm, still running then
    :param high: natural logarithm, done by then
    :param weight: how much it counts
    """

    low: float
    high: float
    weight: float


def _anything() -> array[float]:
    ended = [1 / (1 + edge ** (-1 / _DOUBT_SCALE)) for edge in _EDGES]
    ended[0], ended[-1] = 0.0, 1.0
    return array("d", (_DOUBT * (ended[i + 1] - ended[i]) for i in range(_CELLS)))


_ANYTHING = _anything()


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """The table, and what looking by it costs; all relative to the expected duration.

    :param growth: ``G`` at the edges of the cells
    :param looks: ``∫ sqrt(h) S dr``, which is the number of looks for ``c = 1``
    :param lateness: ``∫ f / sqrt(h) dr``, which is twice the mean delay for ``c = 1``
    :param mean: the mean duration
    :param early: where one job in twenty has ended
    :param middle: where half of the jobs have ended
    :param late: where all but one in twenty have ended
    """

    growth: array[float]
    looks: float
    lateness: float
    mean: float
    early: float
    middle: float
    late: float

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> Inspection:
        """Build the table from what was seen; from nothing, the one that expects anything."""
        learned = _smeared(seen)
        masses = [mass + doubt for mass, doubt in zip(learned, _ANYTHING, strict=True)]
        total = sum(masses)
        ended = list(accumulate((mass / total for mass in masses), initial=0.0))
        counted = masses if len(seen) < FEW else learned
        growth, looks, lateness = array("d", [0.0]), 0.0, 0.0
        for i, width in enumerate(_WIDTHS):
            running = max(1 - (ended[i] + ended[i + 1]) / 2, 1e-9)
            grown = math.sqrt(masses[i] / total * width / running)
            growth.append(growth[-1] + grown)
            looks += grown * running
            lateness += counted[i] * width / grown
        mean = sum(mass * edge for mass, edge in zip(masses, _EDGES, strict=False)) / total
        early, middle, late = (_EDGES[bisect_left(ended, share)] for share in (_RARE, 0.5, 1 - _RARE))
        return cls(growth, looks, lateness / sum(counted), mean, early, middle, late)

    def after(self, r: float, step: float) -> float:
        """Return where ``G`` has grown by ``step`` since ``r``; infinity where the table ends before."""
        target = self._growth_at(r) + step
        i = bisect_right(self.growth, target) - 1
        if i >= _CELLS:
            return math.inf
        return _EDGES[i] + (target - self.growth[i]) / (self.growth[i + 1] - self.growth[i]) * _WIDTHS[i]

    def _growth_at(self, r: float) -> float:
        if r <= _EDGES[0]:
            return 0.0
        if r >= _EDGES[-1]:
            return self.growth[-1]
        i = bisect_right(_EDGES, r) - 1
        return self.growth[i] + (r - _EDGES[i]) / _WIDTHS[i] * (self.growth[i + 1] - self.growth[i])


def _smeared(seen: Sequence[Seen]) -> list[float]:
    """Return the mass per cell: each observation a box over its interval, widened by the distance to its neighbours."""
    change = [0.0] * (_CELLS + 2)
    by_size = sorted(seen, key=lambda one: one.low + one.high)
    middles = [(one.low + one.high) / 2 for one in by_size]
    near, last = max(1, round(len(seen) * _NEIGHBOURS)), len(seen) - 1
    for i, one in enumerate(by_size):
        above = middles[i + near] - middles[i] if i + near <= last else _WIDEST
        around = min(above, middles[i] - middles[i - near] if i >= near else _WIDEST)
        wide = min(max(around, _NARROWEST, _CAUTION / len(seen)), _WIDEST)
        low = min(_cell(one.low - wide), _CELLS - 1.0)
        high = max(_cell(one.high + wide), low + 1.0)
        density = one.weight / (high - low)
        for at, amount in ((low, density), (high, -density)):
            whole = int(at)
            change[whole] += amount * (whole + 1 - at)
            change[whole + 1] += amount * (at - whole)
    return [max(mass, 0.0) for mass in list(accumulate(change))[:_CELLS]]


def _cell(log_r: float) -> float:
    return min(max((log_r + _REACH) / _CELL, 0.0), float(_CELLS))
