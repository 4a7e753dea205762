"""The sound track of a film: sounds at their places, silence between them, encoded once so that no joint can be heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.samples import opened_sound

if TYPE_CHECKING:
    from av.container import OutputContainer

    from airflow_provider_omnihuman.media.samples import Samples

__all__ = ["SoundForm", "SoundPart", "add_sound_stream", "encoded_sound", "form_of"]

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""MPEG-4 Audio, ISO/IEC 14496-3, table of the samplingFrequencyIndex."""
_OTHERWISE = 48000
_BITS_PER_S = 96_000  # of each channel: nothing of a voice is missing
# "Worse with low bitrates (less than 64kbps), but is better and much faster at higher bitrates" (FFmpeg codecs, aac).
_ENCODER = {"aac_coder": "fast"}
_BITS_PER_SAMPLE = 6  # what AAC allows: 6144 bits in a frame of 1024 samples


@dataclass(frozen=True, slots=True)
class SoundPart:
    """A sound at its place.

    :param source: its file, or a film with sound
    :param start_s: where it begins in the film
    :param end_s: where it is cut off; None to let it sound to its end
    """

    source: Source
    start_s: Fraction
    end_s: Fraction | None = None


@dataclass(frozen=True, slots=True)
class SoundForm:
    """What the track is encoded from.

    :param sample_rate: in Hz
    :param channels: one or two
    """

    sample_rate: int
    channels: int


def form_of(sources: Sequence[Source]) -> SoundForm:
    """Return the form in which nothing of these sounds is lost: the highest rate, the most channels.

    :param sources: at least one
    :raises MediaError: one of them cannot be decoded
    """
    rates, channels = [], []
    for source in sources:
        with opened_sound(source) as sound:
            rates.append(sound.sample_rate if sound.sample_rate in _AAC_RATES else _OTHERWISE)
            channels.append(sound.channels)
    return SoundForm(max(rates), max(channels))


def add_sound_stream(container: OutputContainer, form: SoundForm) -> Any:
    """Add a track of AAC to a film."""
    layout = "mono" if form.channels == 1 else "stereo"
    stream = container.add_stream("aac", rate=form.sample_rate, layout=layout, options=_ENCODER)
    stream.bit_rate = form.channels * min(_BITS_PER_S, _BITS_PER_SAMPLE * form.sample_rate)
    return stream


def encoded_sound(parts: Sequence[SoundPart], form: SoundForm, stream: Any, *, end_s: Fraction) -> Iterator[Any]:
    """Yield the packets of the track, in constant memory.

    :param parts: in the order of their places
    :param form: of :func:`form_of`
    :param stream: of :func:`add_sound_stream`
    :param end_s: of the film: the track is silent up to there
    """
    from av import AudioFrame

    layout = stream.codec_context.layout.name
    position = 0
    for samples in _track(parts, form, end=round(end_s * form.sample_rate)):
        frame: Any = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate, frame.time_base = form.sample_rate, Fraction(1, form.sample_rate)
        frame.pts = position  # or the film does not say how much of the track's beginning is the encoder's
        position += len(samples)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _track(parts: Sequence[SoundPart], form: SoundForm, *, end: int) -> Iterator[Samples]:
    """Yield all samples of the track."""
    position = 0
    following = [*(round(part.start_s * form.sample_rate) for part in parts[1:]), None]
    for part, next_start in zip(parts, following, strict=True):
        start = round(part.start_s * form.sample_rate)
        own_end = None if part.end_s is None else round(part.end_s * form.sample_rate)
        limit = min((limit for limit in (next_start, own_end) if limit is not None), default=None)
        yield from _silence(start - position, form)
        position = max(position, start)
        with opened_sound(part.source, sample_rate=form.sample_rate, channels=form.channels) as sound:
            for chunk in sound.chunks:
                samples = chunk if limit is None else chunk[: max(0, limit - position)]
                if not len(samples):
                    break
                position += len(samples)
                yield samples
    yield from _silence(end - position, form)


def _silence(samples: int, form: SoundForm) -> Iterator[Samples]:
    """Yield silence, a second at a time."""
    import numpy as np

    borders = [*range(0, max(0, samples), form.sample_rate), max(0, samples)]
    for start, end in pairwise(borders):
        yield np.zeros((end - start, form.channels), np.int16)
