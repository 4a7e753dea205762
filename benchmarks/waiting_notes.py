"""What a process of the benchmark notes while it runs: pairs of numbers, 16 bytes each, written to a folder at the end."""

from __future__ import annotations

import time
from array import array
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pairs = npt.NDArray[np.float64]


class Series:
    """Pairs of numbers: which, and when."""

    def __init__(self) -> None:
        self._pairs = array("d")

    def add(self, which: float, value: float | None = None) -> None:
        """Note a pair; the value is the time by default, epoch seconds."""
        self._pairs.append(which)
        self._pairs.append(time.time() if value is None else value)

    def save(self, path: Path) -> None:
        """Write the pairs; whole or not at all, for somebody waits for the file."""
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(self._pairs.tobytes())
        unfinished.rename(path)


def load(path: Path) -> Pairs:
    """Return the pairs as rows; none if the file is missing."""
    return np.fromfile(path).reshape(-1, 2) if path.exists() else np.empty((0, 2))
