"""Sound as 16-bit samples, decoded piece by piece in constant memory, and written as WAV."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from airflow_provider_omnihuman.media.container import (
    AUDIO_FORMATS,
    Source,
    describe,
    first_stream,
    opened,
    refuse_what_breaks_off,
)
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from av import AudioResampler
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from numpy.typing import NDArray

    #: One row per instant, one column per channel.
    Samples: TypeAlias = NDArray[np.int16]

__all__ = ["Sound", "opened_sound", "wav_writer"]

_LAYOUTS = {1: "mono", 2: "stereo"}
_BYTES = 2


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that is being decoded.

    :param sample_rate: in Hz, of the chunks
    :param channels: of the chunks, one or two
    :param chunks: the samples, to be taken once
    """

    sample_rate: int
    channels: int
    chunks: Iterator[Samples]


@contextmanager
def opened_sound(source: Source, *, sample_rate: int | None = None, channels: int | None = None) -> Iterator[Sound]:
    """Open a sound file, or the sound of a film, for reading as 16-bit samples.

    What is 16-bit PCM or FLAC comes out as it is in the file. More bits are cut to the upper 16, other codecs decoded to 16;
    more than two channels are mixed down to two, since talking heads and players of today have no use for more.

    :param source: a path, bytes, or a seekable file
    :param sample_rate: to resample to, Hz; by default as in the file
    :param channels: one or two; by default as in the file
    :raises MediaError: it cannot be decoded, or its end is missing where its header tells so
    """
    with opened(source, AUDIO_FORMATS, "audio") as container:
        frames = _decoded(container, first_stream(container, "audio", source), source)
        first = next(frames, None)
        if first is None:
            raise MediaError("holds no audio that can be decoded", source=describe(source))
        rate = sample_rate or first.sample_rate
        columns = channels or min(first.layout.nb_channels, max(_LAYOUTS))
        small = _resampled(chain([first], frames), sample_rate=rate, channels=columns)
        yield Sound(rate, columns, _gathered(small, least=rate // 2))


def _decoded(container: InputContainer, stream: Any, source: Source) -> Iterator[AudioFrame]:
    from av import FFmpegError

    seconds = 0.0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except FFmpegError:  # players skip a damaged packet too
            continue
        for frame in frames:
            seconds += frame.samples / frame.sample_rate
            yield frame
    refuse_what_breaks_off(container, stream, seconds, source)


def _resampled(frames: Iterator[AudioFrame], *, sample_rate: int, channels: int) -> Iterator[Samples]:
    """Bring frames to one form, even where they change theirs on the way."""
    from av import AudioResampler

    form, resampler = None, None
    for frame in frames:
        if form != (form := (frame.format.name, frame.layout.name, frame.sample_rate)):
            if resampler is not None:
                yield from _chunks(resampler, None, channels=channels)
            resampler = AudioResampler(format="s16", layout=_LAYOUTS[channels], rate=sample_rate)
        assert resampler is not None
        yield from _chunks(resampler, frame, channels=channels)
    if resampler is not None:
        yield from _chunks(resampler, None, channels=channels)


def _chunks(resampler: AudioResampler, frame: AudioFrame | None, *, channels: int) -> Iterator[Samples]:
    for resampled in resampler.resample(frame):
        if resampled is not None and resampled.samples:  # the end of a sound that needed no resampling is None
            samples: Samples = resampled.to_ndarray().reshape(-1, channels)  # type: ignore[assignment] # of s16
            yield samples


def _gathered(chunks: Iterator[Samples], *, least: int) -> Iterator[Samples]:
    """Put small chunks together: a codec's frames are so short that every reader would spend its time between them."""
    import numpy as np

    held: list[Samples] = []
    for chunk in chunks:
        held.append(chunk)
        if sum(map(len, held)) >= least:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


@contextmanager
def wav_writer(target: str | Path | IO[bytes], *, sample_rate: int, channels: int) -> Iterator[wave.Wave_write]:
    """Open a 16-bit PCM WAV file for writing; the same samples give the same bytes.

    :param target: a path, or a seekable file, which is left open
    :param sample_rate: in Hz
    :param channels: how many
    """
    with wave.open(str(target) if isinstance(target, str | Path) else target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(_BYTES)
        file.setframerate(sample_rate)
        yield file
