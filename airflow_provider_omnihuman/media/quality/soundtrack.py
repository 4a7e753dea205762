"""Whether a film's sound is the audio that was given: compared window by window, whatever codec, rate and level it has now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.quality.given_audio import RATE, GivenAudio
from airflow_provider_omnihuman.media.quality.loudness import form_of

if TYPE_CHECKING:
    import numpy as np
    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

__all__ = ["SoundWindow", "SoundtrackComparison"]

WINDOW_S = 2.0
STEP_S = 0.5
"""Windows overlap: wherever two seconds of another sound lie, they are next to all of some window."""
REACH_S = 1.0
"""How far the film's sound is looked for, before its place and after."""
_SHORTEST_S = 0.5
"""What is left at the end and is shorter says too little, unless it is all there is."""
_EMPHASIS = 0.9
"""Takes the weight off the low notes, which are alike in all voices and rooms."""
_ALMOST = 0.995
_FLOOR = 1e-7


@dataclass(frozen=True, slots=True)
class SoundWindow:
    """One window of the given audio, and what the film has there.

    :param start_s: in the given audio
    :param end_s: in the given audio
    :param likeness: 1 where the film has the same sound, about 0 for another one
    :param offset_s: how much later than given the film has it, where it is alike
    :param given_dbfs: how loud it was given (root mean square)
    :param film_dbfs: how loud the film is there
    """

    start_s: float
    end_s: float
    likeness: float
    offset_s: float
    given_dbfs: float
    film_dbfs: float


class SoundtrackComparison:
    """Listens to a film, and reads the given audio beside it.

    :param given: the audio
    """

    def __init__(self, given: GivenAudio) -> None:
        self._given = _Tape(given)
        self._resampler: Any = None
        self._form: tuple[Any, ...] = ()
        self._over = False
        self._film = _Buffer(start=-int(REACH_S * RATE))  # what is before the first picture
        self.windows: list[SoundWindow] = []

    def hear(self, sound: AudioFrame, at_s: float) -> None:
        """Listen to the next piece of the film."""
        at = round(at_s * RATE)
        if at > self._film.end + RATE // 10:  # no sample stands for the time between; less is the resampler's delay
            self._film.put_silence(until=at)
        for samples in self._small(sound):
            self._film.put(samples)
        self._compare(until_film_ends=False)

    def end(self) -> None:
        """Compare what is left of the given audio, with silence where the film has none."""
        for samples in self._small(None):
            self._film.put(samples)
        self._compare(until_film_ends=True)

    def _small(self, sound: AudioFrame | None) -> list[Samples]:
        """Return a piece in one channel and few samples; what is held back of it, for the end, which is None."""
        from av import AudioResampler

        held_back: list[Any] = []
        if sound is None or self._form != form_of(sound):  # which a track may change midway, a damaged one above all
            held_back = [] if self._resampler is None else self._resampler.resample(None)
            self._resampler = None if sound is None else AudioResampler(format="fltp", layout="mono", rate=RATE)
        if sound is None:
            return _samples(held_back)
        self._form = form_of(sound)
        sound.pts = None  # pieces follow each other; what is missing between them is silence, put in above
        return _samples([*held_back, *self._resampler.resample(sound)])

    def _compare(self, *, until_film_ends: bool) -> None:
        window, reach = int(WINDOW_S * RATE), int(REACH_S * RATE)
        while not self._over:
            start = self._given.position
            if not until_film_ends and self._film.end < start + window + reach:
                return
            given = self._given.read(window, step=int(STEP_S * RATE))
            self._over = given.size < window
            if given.size < _SHORTEST_S * RATE and (self.windows or not given.size):
                return
            self._film.put_silence(until=start + given.size + reach)
            self.windows.append(_compared(given, self._film.cut(start - reach, start + given.size + reach), start=start))
            self._film.forget(before=self._given.position - reach)


def _samples(frames: Sequence[Any]) -> list[Samples]:
    return [frame.to_ndarray()[0] for frame in frames if frame is not None and frame.samples]


class _Tape:
    """The given audio, in windows."""

    def __init__(self, reader: GivenAudio) -> None:
        self._reader = reader
        self._buffer = _Buffer(start=0)
        self.position = 0

    def read(self, count: int, *, step: int) -> Samples:
        """Return the next samples, fewer at the end; the next ones begin a step later."""
        while self._buffer.end < self.position + count and (piece := self._reader.read()) is not None:
            self._buffer.put(piece)
        samples = self._buffer.cut(self.position, min(self.position + count, self._buffer.end))
        self.position += step
        self._buffer.forget(before=self.position)
        return samples


class _Buffer:
    """The latest samples of an endless row.

    :param start: the number of the first one
    """

    def __init__(self, *, start: int) -> None:
        self._pieces: list[Samples] = []
        self._start = start
        self.end = start

    def put(self, samples: Samples) -> None:
        self._pieces.append(samples)
        self.end += samples.size

    def put_silence(self, *, until: int) -> None:
        import numpy as np

        if until > self.end:
            self.put(np.zeros(until - self.end, np.float32))

    def cut(self, start: int, end: int) -> Samples:
        return self._joined()[start - self._start : end - self._start]

    def forget(self, *, before: int) -> None:
        kept = self._joined()[max(0, before - self._start) :]
        self._start = self.end - kept.size
        self._pieces = [kept]

    def _joined(self) -> Samples:
        import numpy as np

        self._pieces = [np.concatenate(self._pieces)] if self._pieces else [np.zeros(0, np.float32)]
        return self._pieces[0]


def _compared(given: Samples, film: Samples, *, start: int) -> SoundWindow:
    """Compare a window with what the film has around its place."""
    import numpy as np

    reach = (film.size - given.size) // 2
    likenesses = _correlation(_emphasised(given), _emphasised(film))
    best = float(likenesses.max(initial=0.0))
    # A steady tone is as like itself a period later: of the best places, the one that moves it least.
    places = np.flatnonzero(likenesses >= best * _ALMOST)
    place = int(places[np.abs(places - reach).argmin()]) if best > 0 else reach
    return SoundWindow(
        start_s=start / RATE,
        end_s=(start + given.size) / RATE,
        likeness=min(1.0, best),
        offset_s=(place - reach) / RATE,
        given_dbfs=_dbfs(given),
        film_dbfs=_dbfs(film[reach : reach + given.size]),
    )


def _emphasised(samples: Samples) -> NDArray[np.float64]:
    import numpy as np

    wide = samples.astype(np.float64)
    return np.diff(wide, prepend=wide[:1]) * _EMPHASIS + wide * (1 - _EMPHASIS)


def _correlation(given: NDArray[np.float64], film: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how like each other they are at each place of the film, 0 to 1, whatever the level or the polarity."""
    import numpy as np

    size = 1 << (film.size - 1).bit_length()  # the places that are asked for are those that do not wrap around
    places = film.size - given.size + 1
    products = np.fft.irfft(np.fft.rfft(film, size) * np.conj(np.fft.rfft(given, size)), size)[:places]
    sums = np.concatenate([[0.0], np.cumsum(film**2)])
    energies = (sums[given.size :] - sums[:places]) * float((given**2).sum())
    floor = (_FLOOR * given.size) ** 2
    return np.asarray(np.abs(products) / np.sqrt(np.maximum(energies, floor)))


def _dbfs(samples: Samples) -> float:
    import numpy as np

    return 20 * math.log10(max(float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))), _FLOOR))
