"""The audio that a film was made for, read as far as the film has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.samples import opened_sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "GivenAudio", "opened_audio"]

RATE = 8000
"""Samples a second: what tells voices apart lies below 4 kHz, which is also what all codecs keep best."""
_FULL_SCALE = 32768


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
def opened_audio(source: Source) -> Iterator[GivenAudio]:
    """Open the audio.

    :param source: a path, bytes, or a seekable file
    :raises MediaError: it is no sound that can be decoded, or breaks off
    """
    with opened_sound(source, sample_rate=RATE, channels=1) as sound:
        yield GivenAudio(sound.chunks)
