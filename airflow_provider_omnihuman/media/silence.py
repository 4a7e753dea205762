"""Where a sound is silent: pauses between words, by what is loud and what is quiet around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.samples import Sound, opened_sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from airflow_provider_omnihuman.media.samples import Samples

    Levels: TypeAlias = NDArray[np.float32]
    Mask: TypeAlias = NDArray[np.bool_]

__all__ = ["SHORTEST_PAUSE_S", "Silence", "block_of", "find_silences", "levels_of", "silences_in"]

SHORTEST_PAUSE_S = 0.2
"""Stops inside a word (t, k, the Japanese っ) last up to about this long, pauses between phrases longer."""

_BLOCKS_PER_S = 100
_SMOOTHED = 5  # blocks: 50 ms, in which noise has next to no ups and downs of its own
_AROUND = 2 * _BLOCKS_PER_S  # to either side: two seconds of speech hold vowels, and gaps, and mostly a breath
_SECTION = 60 * _BLOCKS_PER_S
_QUIETEST_DB = -100.0
_SILENT_DB = -65.0  # whatever is around it: the noise of a good studio
_SPEECH_STANDS_OUT_DB = 8.0  # in two seconds, speech has more ups and downs than that, and steady noise or music has fewer
_ABOVE_THE_FLOOR_DB = 4.0
_PART_OF_THE_CONTRAST = 0.3
_DEEPEST_FLOOR_DB = 45.0  # below what is loud: or one stretch of digital silence would make speech of a room's noise
_BELOW_SPEECH_DB = 20.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch without speech.

    :param start_s: from the beginning of the sound
    :param end_s: likewise
    """

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        """The point that is farthest from the words before and after."""
        return (self.start_s + self.end_s) / 2


def find_silences(source: Source, *, shortest_s: float = SHORTEST_PAUSE_S) -> Iterator[Silence]:
    """Yield the silences of a sound in order, in constant memory.

    What counts as silent is decided anew for each moment, by the loudest and the quietest in the two seconds to either side: so
    pauses are found over the noise of a room, between words that are spoken softly, and next to loud ones.

    :param source: a path, bytes, or a seekable file
    :param shortest_s: what is shorter is no silence, seconds
    :raises MediaError: it cannot be decoded
    """
    with opened_sound(source) as sound:
        block_s = block_of(sound.sample_rate) / sound.sample_rate
        for start, end in _runs(_masks(_all_levels(sound))):
            if (end - start) * block_s >= shortest_s:
                yield Silence(start * block_s, end * block_s)


def silences_in(levels: Levels, *, block_s: float, shortest_s: float = SHORTEST_PAUSE_S) -> list[Silence]:
    """Return the silences of a stretch of sound that is measured already.

    :param levels: of :func:`levels_of`
    :param block_s: how long each of them lasts, seconds
    :param shortest_s: what is shorter is no silence, seconds
    """
    runs = _runs(iter([_is_quiet(levels)])) if len(levels) else iter(())
    return [Silence(start * block_s, end * block_s) for start, end in runs if (end - start) * block_s >= shortest_s]


def block_of(sample_rate: int) -> int:
    """Return how many samples one level is taken over: 10 ms."""
    return max(1, sample_rate // _BLOCKS_PER_S)


def levels_of(samples: Samples, *, block: int) -> Levels:
    """Return how loud each block of samples is, in dB of full scale; a rest that fills no block is left out.

    :param samples: one row per instant
    :param block: of :func:`block_of`
    """
    import numpy as np

    count = len(samples) // block
    powers = np.empty(count, np.float32)
    for first in range(0, count, _BLOCKS_PER_S):  # a second at a time: as floats, the samples take twice their room
        some = samples[first * block : min(first + _BLOCKS_PER_S, count) * block]
        # The variance, not the mean square, which a constant offset of a bad sound card would fill up.
        powers[first : first + _BLOCKS_PER_S] = (
            (some.astype(np.float32) / 32768).reshape(-1, block, some.shape[1]).var(axis=1).mean(axis=1)
        )
    return _decibels(powers)


def _decibels(powers: NDArray[np.float32]) -> Levels:
    import numpy as np

    levels: Levels = np.maximum(10 * np.log10(np.maximum(powers, 1e-12)), _QUIETEST_DB).astype(np.float32)
    return levels


def _all_levels(sound: Sound) -> Iterator[Levels]:
    import numpy as np

    block = block_of(sound.sample_rate)
    rest = np.empty((0, sound.channels), np.int16)
    for chunk in sound.chunks:
        samples = np.concatenate([rest, chunk])
        rest = samples[len(samples) // block * block :]
        yield levels_of(samples, block=block)


def _masks(levels: Iterator[Levels]) -> Iterator[Mask]:
    """Yield, section by section, which blocks are quiet; each section is seen with what is around it."""
    import numpy as np

    held, before = np.empty(0, np.float32), 0
    for some in levels:
        held = np.concatenate([held, some])
        while len(held) >= before + _SECTION + _AROUND:
            yield _is_quiet(held[: before + _SECTION + _AROUND])[before : before + _SECTION]
            held = held[before + _SECTION - _AROUND :]
            before = _AROUND
    if len(held) > before:
        yield _is_quiet(held)[before:]


def _is_quiet(levels: Levels) -> Mask:
    import numpy as np

    smoothed = _smoothed(levels)
    loud, floor = _loudest_and_quietest_around(smoothed)
    floor = np.maximum(floor, loud - _DEEPEST_FLOOR_DB)
    contrast = loud - floor
    between_words = smoothed <= floor + np.maximum(_ABOVE_THE_FLOOR_DB, contrast * _PART_OF_THE_CONTRAST)
    far_from_words = smoothed <= np.percentile(smoothed, 95) - _BELOW_SPEECH_DB
    is_quiet: Mask = np.where(contrast >= _SPEECH_STANDS_OUT_DB, between_words, far_from_words) | (smoothed <= _SILENT_DB)
    return is_quiet


def _smoothed(levels: Levels) -> Levels:
    import numpy as np

    powers = np.pad(10 ** (levels / 10), _SMOOTHED // 2, mode="edge")
    return _decibels(np.convolve(powers, np.full(_SMOOTHED, 1 / _SMOOTHED), mode="valid").astype(np.float32))


def _loudest_and_quietest_around(levels: Levels) -> tuple[Levels, Levels]:
    """Return for each block how loud it gets both before and after it, and how quiet around it.

    Both, since a pause is quieter than either side, and a voice that is lowered only than what it was before.
    """
    import numpy as np

    around = np.lib.stride_tricks.sliding_window_view(np.pad(levels, _AROUND, mode="edge"), _AROUND + 1)
    loudest, quietest = around.max(axis=1), around.min(axis=1)
    return np.minimum(loudest[:-_AROUND], loudest[_AROUND:]), np.minimum(quietest[:-_AROUND], quietest[_AROUND:])


def _runs(masks: Iterator[Mask]) -> Iterator[tuple[int, int]]:
    """Yield where each run of quiet blocks starts and ends, across the borders of sections."""
    import numpy as np

    position, start = 0, None
    for mask in masks:
        changes = np.flatnonzero(np.diff(mask, prepend=start is not None))
        for change in changes:
            if start is None:
                start = position + int(change)
            else:
                yield start, position + int(change)
                start = None
        position += len(mask)
    if start is not None:
        yield start, position
