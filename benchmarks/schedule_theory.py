"""What any schedule could reach that knew the distribution of the durations: the bound of optimal inspection.

Looks × mean delay ≥ ½ (∫ sqrt(f S) dt)² for one job (Keller 1974), and ½ (mean over the jobs of that integral)² for a stream
with one budget. The bound is that of ever finer looks: a real schedule makes about one look more, and must learn first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from random import Random

from schedule_workloads import Job, Spread

SAMPLES = 40_000
CELLS = 400
_FIRST, _LAST = math.log(0.25), math.log(6)


@cache
def effort(spread: Spread) -> float:
    """Return ∫ sqrt(f S) dr of a spread, from a histogram of many draws."""
    rng = Random(1)  # noqa: S311 - no secret
    counts = [0] * CELLS
    for _ in range(SAMPLES):
        counts[int((math.log(spread(rng)) - _FIRST) / (_LAST - _FIRST) * CELLS)] += 1
    edges = [math.exp(_FIRST + i * (_LAST - _FIRST) / CELLS) for i in range(CELLS + 1)]
    total, running = 0.0, 1.0
    for i, count in enumerate(counts):
        mass = count / SAMPLES
        total += math.sqrt(mass * (edges[i + 1] - edges[i]) * max(running - mass / 2, 0.0))
        running -= mass
    return total


def looks_needed(jobs: Sequence[Job], spread: Spread, *, delay_s: float) -> float:
    """Return the looks per job that this mean delay costs at least."""
    root = sum(math.sqrt(job.expected_s) for job in jobs) / len(jobs)
    return (effort(spread) * root) ** 2 / (2 * delay_s)
