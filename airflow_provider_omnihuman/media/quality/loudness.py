"""How loud a soundtrack is, by EBU R128."""

from __future__ import annotations

import math
import re
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

__all__ = ["Loudness", "Loudnessmeter", "form_of"]

_SILENT_LUFS = -70.0
"""The absolute gate of EBU R128: below it, nothing counts as sound."""
_TAIL_BYTES = 2000
"""Of the filter's last report, which has a few hundred."""
_INTEGRATED = re.compile(r"lavfi\.r128\.I=(\S+)")
_TRUE_PEAK = re.compile(r"lavfi\.r128\.true_peak=(\S+)")


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud it is.

    :param integrated_lufs: over the whole film, pauses left out; None where there is nothing to be heard, or for less than 0.4 s
    :param true_peak_dbtp: the highest peak between the samples; None where there is nothing to be heard
    """

    integrated_lufs: float | None
    true_peak_dbtp: float | None


class Loudnessmeter:
    """Listens through FFmpeg's ebur128.

    The filter's readings go by way of a file: frames show their metadata to Python only since PyAV 18.1.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="omnihuman-loudness-")
        self._report = Path(self._folder.name) / "r128.txt"
        self._filters: tuple[Any, Any, Any] | None = None
        self._format: tuple[Any, ...] = ()
        self._samples = 0
        self.loudness = Loudness(None, None)

    def hear(self, sound: AudioFrame, _at_s: float) -> None:
        """Listen to the next piece."""
        if self._filters is None:
            self._filters = self._built(sound)
        if self._format != form_of(sound):  # a track that changes its form midway: the rest is not measured
            return
        _, entrance, _ = self._filters
        sound.pts, sound.time_base = self._samples, Fraction(1, sound.sample_rate)
        self._samples += sound.samples
        entrance.push(sound)
        self._drain()

    def end(self) -> None:
        """Read the meter."""
        if self._filters is not None:
            _, entrance, _ = self._filters
            entrance.push(None)
            self._drain()
            self._filters = None
            self.loudness = _read(self._report)
        self._folder.cleanup()

    def _built(self, sound: AudioFrame) -> tuple[Any, Any, Any]:
        from av.filter import Graph

        self._format = form_of(sound)
        graph: Any = Graph()
        entrance = graph.add_abuffer(
            sample_rate=sound.sample_rate,
            format=sound.format.name,
            layout=sound.layout.name,
            time_base=Fraction(1, sound.sample_rate),
        )
        meter = graph.add("ebur128", metadata="1", peak="true", framelog="quiet")
        # Keyword arguments, or whatever stands in the folder's name would be read as FFmpeg's syntax. direct: written at once.
        writer = graph.add("ametadata", mode="print", file=str(self._report), direct="1")
        door = graph.add("abuffersink")
        entrance.link_to(meter)
        meter.link_to(writer)
        writer.link_to(door)
        graph.configure()
        return graph, entrance, door

    def _drain(self) -> None:
        from av.error import BlockingIOError as NothingYet
        from av.error import EOFError as Over

        assert self._filters is not None
        _, _, door = self._filters
        try:
            while True:
                door.pull()
        except (NothingYet, Over):
            return


def form_of(sound: AudioFrame) -> tuple[Any, ...]:
    """Return the form of its samples, which FFmpeg's filters and resamplers are made for."""
    return sound.sample_rate, sound.format.name, sound.layout.name


def _read(report: Path) -> Loudness:
    """Return the last reading."""
    if not report.exists():
        return Loudness(None, None)
    with report.open("rb") as file:
        file.seek(max(0, report.stat().st_size - _TAIL_BYTES))
        tail = file.read().decode()
    integrated, peak = (pattern.findall(tail) for pattern in (_INTEGRATED, _TRUE_PEAK))
    lufs = float(integrated[-1]) if integrated else -math.inf
    amplitude = float(peak[-1]) if peak else 0.0
    return Loudness(
        integrated_lufs=lufs if lufs > _SILENT_LUFS else None,
        true_peak_dbtp=20 * math.log10(amplitude) if amplitude > 0 else None,
    )
