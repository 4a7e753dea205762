"""The audio that a film was made for, read as far as the film has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.samples import opened_sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "GivenAudio", "PlacedAudio", "opened_audio"]

RATE = 8000
"""Samples a second: what tells voices apart lies below 4 kHz, which is also what all codecs keep best."""
_FULL_SCALE = 32768


@dataclass(frozen=True, slots=True)
class PlacedAudio:
    """An audio that stands at its place in a film of several.

    :param source: a path, bytes, or a seekable file; None for silence
    :param start_s: when it begins
    :param duration_s: how long it stands: what is left of it is cut off, what is missing is silence
    """

    source: Source | None
    start_s: float
    duration_s: float


class GivenAudio:
    """Its samples, one channel of them.

    :param chunks: 16-bit samples at :data:`RATE`
    """

    def __init__(self, chunks: Iterator[NDArray[np.int16]]) -> None:
        self._chunks = chunks
        self._samples = 0

    def read(self) -> NDArray[np.float32] | None:
        """Return the next samples, −1 to 1; None after the last ones."""
        import numpy as np

        chunk = next(self._chunks, None)
        if chunk is None:
            return None
        self._samples += len(chunk)
        return chunk[:, 0].astype(np.float32) / np.float32(_FULL_SCALE)

    def drain(self) -> float:
        """Read what is left; return the length of all of it in seconds, counted in samples."""
        self._samples += sum(map(len, self._chunks))
        return self._samples / RATE


@contextmanager
def opened_audio(audio: Source | Sequence[PlacedAudio], *, end_s: float | None = None) -> Iterator[GivenAudio]:
    """Open the audio.

    :param audio: a path, bytes, or a seekable file; or the audios of a film of several, in their order
    :param end_s: when such a film ends; None for the end of its last audio
    :raises MediaError: it is no sound that can be decoded, or breaks off
    """
    if isinstance(audio, Sequence) and not isinstance(audio, str | bytes):
        yield GivenAudio(_placed(audio, end_s=end_s))
        return
    with opened_sound(audio, sample_rate=RATE, channels=1) as sound:
        yield GivenAudio(sound.chunks)


def _placed(parts: Sequence[PlacedAudio], *, end_s: float | None) -> Iterator[NDArray[np.int16]]:
    at = 0
    for part in parts:
        start, end = round(part.start_s * RATE), round((part.start_s + part.duration_s) * RATE)
        yield _silence(start - at)
        at = max(at, start)
        if part.source is not None:
            with opened_sound(part.source, sample_rate=RATE, channels=1) as sound:
                for chunk in sound.chunks:
                    yield chunk[: max(0, end - at)]
                    at += min(len(chunk), max(0, end - at))
        yield _silence(end - at)
        at = max(at, end)
    if end_s is not None:
        yield _silence(round(end_s * RATE) - at)


def _silence(samples: int) -> NDArray[np.int16]:
    import numpy as np

    return np.zeros((max(0, samples), 1), np.int16)
