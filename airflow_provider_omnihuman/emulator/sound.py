"""Decodes a task's audio: its samples, its true length, and how loud it is at each frame of the video."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.codes import INVALID_INPUT
from airflow_provider_omnihuman.emulator.fetching import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 44_100
# The page: "the audio must be shorter than 60 seconds".
LONGEST_AUDIO_S = 60.0
_SHORTEST_AUDIO_S = 0.1
# A mouth closes slower than the sound falls silent.
_RELEASE = 0.55


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded audio.

    :param samples: one row per channel (one or two), 32-bit float.
    """

    samples: NDArray[np.float32] = field(repr=False)

    @property
    def duration_s(self) -> float:
        """The length, counted in samples: headers lie."""
        return float(self.samples.shape[1] / SAMPLE_RATE)

    def openings(self, fps: int) -> NDArray[np.float64]:
        """Return how far a mouth would be open at each frame, from 0 to 1."""
        import numpy as np

        mono = self.samples.mean(axis=0)
        hop = SAMPLE_RATE // fps
        frames = -(-mono.size // hop)
        padded = np.zeros(frames * hop)
        padded[: mono.size] = mono
        loudness = np.sqrt((padded.reshape(frames, hop) ** 2).mean(axis=1))
        peak = max(float(np.percentile(loudness, 95)), 1e-3)
        target = np.clip(loudness / peak, 0, 1) ** 0.7
        opening = 0.0
        result = np.empty(frames)
        for index, value in enumerate(target):
            opening = value if value > opening else max(value, opening * _RELEASE)
            result[index] = opening
        return result


def decode_sound(data: bytes) -> Sound:
    """Decode audio of any format that ffmpeg knows, or raise what the query would answer."""
    import av
    import numpy as np

    try:
        with av.open(io.BytesIO(data)) as container:
            if not container.streams.audio:
                raise InputError(INVALID_INPUT, "audio_url: holds no audio")
            samples = _decode(container, container.streams.audio[0])
    except av.error.FFmpegError as error:
        raise InputError(INVALID_INPUT, "audio_url: cannot be decoded") from error
    if not samples:
        raise InputError(INVALID_INPUT, "audio_url: holds no samples")
    sound = Sound(np.concatenate(samples, axis=1))
    if not _SHORTEST_AUDIO_S <= sound.duration_s < LONGEST_AUDIO_S:
        raise InputError(INVALID_INPUT, f"audio_url: {sound.duration_s:.1f} s long; less than 60 s is taken")
    return sound


def _decode(container: Any, stream: Any) -> list[NDArray[np.float32]]:
    import av

    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
    samples: list[NDArray[np.float32]] = []
    decoded_s = 0.0
    for frame in container.decode(stream):
        samples += [_as_floats(resampled) for resampled in resampler.resample(frame)]
        decoded_s += frame.samples / frame.sample_rate
        if decoded_s > LONGEST_AUDIO_S + 1:  # too long already: the rest of an hour need not be decoded
            break
    samples += [_as_floats(resampled) for resampled in resampler.resample(None)]
    return samples


def _as_floats(frame: Any) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = frame.to_ndarray()
    return samples
