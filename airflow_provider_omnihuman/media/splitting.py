"""A long sound in pieces short enough for one render each, cut where nobody speaks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.samples import Sound, opened_sound, wav_writer
from airflow_provider_omnihuman.media.silence import SHORTEST_PAUSE_S, Silence, block_of, levels_of, silences_in

if TYPE_CHECKING:
    from airflow_provider_omnihuman.media.samples import Samples
    from airflow_provider_omnihuman.media.silence import Levels

__all__ = ["LONGEST_S", "SHORTEST_LIMIT_S", "AudioPiece", "split_audio"]

log = logging.getLogger(__name__)

LONGEST_S = 59.0
"""OmniHuman takes less than 60 s (reference page, ``audio_url``)."""
SHORTEST_LIMIT_S = 15.0

_STRICTNESS = ((2.0, SHORTEST_PAUSE_S), (2.0, SHORTEST_PAUSE_S / 2), (0.5, SHORTEST_PAUSE_S), (0.5, SHORTEST_PAUSE_S / 2))
"""Shortest piece and shortest pause, seconds: what is wanted first, and what is taken before a word is cut."""
_SHORTEST_S = _STRICTNESS[0][0]
_LAST_SECONDS_S = 5.0
_AS_QUIET = 1.25  # a decibel


@dataclass(frozen=True, slots=True)
class AudioPiece:
    """A part of a sound, as a 16-bit PCM WAV file.

    :param path: of the file
    :param start_s: where it begins in the whole
    :param duration_s: how long it is, counted in samples
    :param is_cut_in_silence: whether it ends in a pause, or with the sound; False where there was none to end in
    """

    path: Path
    start_s: float
    duration_s: float
    is_cut_in_silence: bool = True


def split_audio(source: Source, folder: str | Path, *, longest_s: float = LONGEST_S) -> list[AudioPiece]:
    """Write a sound of any length as pieces that, put one after another, are its samples again.

    Each piece ends in the middle of the last pause that it reaches; where there is none, at the quietest point of its last
    seconds, which is told in the log and by the piece. No piece is shorter than 2 s where that can be. The samples are
    those that the file decodes to, as of :func:`opened_sound`: the same file gives the same bytes. The memory is that of one
    piece.

    :param source: a path, bytes, or a seekable file, in any format that is read here
    :param folder: where ``piece-000.wav`` and the others go
    :param longest_s: no piece is longer, seconds: from 15 to 59
    :raises MediaError: it cannot be decoded, or its end is missing where its header tells so
    :raises ValueError: ``longest_s`` is out of its range
    """
    if not SHORTEST_LIMIT_S <= longest_s <= LONGEST_S:
        raise ValueError(f"longest_s must be {SHORTEST_LIMIT_S:.0f} to {LONGEST_S:.0f} seconds, not {longest_s!r}")
    pieces: list[AudioPiece] = []
    with opened_sound(source) as sound:
        position, rate = 0, sound.sample_rate
        for samples, is_cut_in_silence in _pieces(sound, longest=int(longest_s * rate)):
            path = Path(folder) / f"piece-{len(pieces):03d}.wav"
            with wav_writer(path, sample_rate=rate, channels=sound.channels) as file:
                file.writeframesraw(samples.tobytes())
            pieces.append(AudioPiece(path, position / rate, len(samples) / rate, is_cut_in_silence))
            position += len(samples)
            if not is_cut_in_silence:
                log.warning("There is no pause to cut at: piece %d ends at %.2f s in a sound", len(pieces) - 1, position / rate)
    return pieces


def _pieces(sound: Sound, *, longest: int) -> Iterator[tuple[Samples, bool]]:
    """Yield the samples of each piece, and whether it is cut in silence."""
    window = _Window(sound, size=longest + int(_SHORTEST_S * sound.sample_rate) + 1)
    while len(window.fill()) > longest:
        cut, is_in_silence = _cut(window.fill(), rate=sound.sample_rate, longest=longest, is_end=window.is_end)
        yield window.fill()[:cut], is_in_silence
        window.drop(cut)
    if len(window.fill()):
        yield window.fill(), True


class _Window:
    """The samples that are looked at: one piece, and so much more that none is left over that is too short."""

    def __init__(self, sound: Sound, *, size: int) -> None:
        import numpy as np

        self._chunks = sound.chunks
        self._samples: Samples = np.empty((size, sound.channels), np.int16)
        self._chunk: Samples = self._samples[:0].copy()
        self._filled = 0
        self.is_end = False

    def fill(self) -> Samples:
        """Return what is in the window, filled as far as the sound goes."""
        while self._filled < len(self._samples) and not self.is_end:
            if not len(self._chunk):
                chunk = next(self._chunks, None)
                self.is_end = chunk is None
                self._chunk = self._chunk if chunk is None else chunk
                continue
            some = self._chunk[: len(self._samples) - self._filled]
            self._samples[self._filled : self._filled + len(some)] = some
            self._filled += len(some)
            self._chunk = self._chunk[len(some) :]
        return self._samples[: self._filled]

    def drop(self, count: int) -> None:
        """Forget the first samples."""
        left = self._filled - count
        self._samples[:left] = self._samples[count : self._filled].copy()
        self._filled = left


def _cut(samples: Samples, *, rate: int, longest: int, is_end: bool) -> tuple[int, bool]:
    """Return where to cut, in samples, and whether that is in silence.

    :param samples: more than the longest piece
    :param is_end: whether the sound ends with them
    """
    block = block_of(rate)
    levels = levels_of(samples, block=block)
    known = silences_in(levels, block_s=block / rate, shortest_s=_STRICTNESS[-1][1])
    for shortest_piece_s, shortest_pause_s in _STRICTNESS:
        latest_s = min(longest, len(samples) - shortest_piece_s * rate if is_end else longest) / rate
        places = [_place(silence, shortest_pause_s, latest_s) for silence in known]
        if (latest := max(places, default=0)) >= shortest_piece_s:
            return int(latest * rate), True
    last = min(longest, len(samples) - int(_SHORTEST_S * rate) if is_end else longest)
    return _quietest(levels, last=last // block, blocks_per_s=rate / block) * block + block // 2, False


def _place(silence: Silence, shortest_s: float, latest_s: float) -> float:
    """Return where in a silence to cut; a negative number where it is too short, or begins too late for half of a pause."""
    place_s = min(silence.middle_s, latest_s)
    is_inside = place_s - silence.start_s >= shortest_s / 2
    return place_s if is_inside and silence.duration_s >= shortest_s else -1.0


def _quietest(levels: Levels, *, last: int, blocks_per_s: float) -> int:
    """Return the block in the middle of the quietest 50 ms of the seconds before ``last``, a block; of equals, the last."""
    import numpy as np

    first = max(0, last - int(_LAST_SECONDS_S * blocks_per_s))
    powers = np.convolve(10 ** (levels[first : last - 1] / 10), np.ones(max(1, int(0.05 * blocks_per_s))), mode="same")
    return first + int(np.flatnonzero(powers <= powers.min() * _AS_QUIET)[-1])
