"""Samples in each of the formats that speech is delivered in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from airflow_provider_omnihuman.speech.protocol import AudioFormat

__all__ = ["ENCODINGS", "Encoding", "encode"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How PyAV is asked for a format, and the sample rates that its encoder takes."""

    container: str
    codec: str
    sample_rates: tuple[int, ...]
    bit_rate: int | None = None


_ANY_RATE = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)

ENCODINGS = {
    AudioFormat.MP3: Encoding("mp3", "libmp3lame", _ANY_RATE, 64_000),
    AudioFormat.WAV: Encoding("wav", "pcm_s16le", _ANY_RATE),
    AudioFormat.OGG_OPUS: Encoding("ogg", "libopus", _OPUS_RATES, 48_000),
    AudioFormat.OGG_VORBIS: Encoding("ogg", "libvorbis", _ANY_RATE, 64_000),
    AudioFormat.PCM: Encoding("s16le", "pcm_s16le", _ANY_RATE),
}


def encode(
    chunks: Iterable[bytes], target: str | Path | IO[bytes], encoding: Encoding, *, given_rate: int, sample_rate: int
) -> None:
    """Write 16-bit samples of one channel in a format.

    :param chunks: samples in the machine's byte order
    :param target: a path or a file
    :param encoding: of the format
    :param given_rate: of the samples, Hz
    :param sample_rate: to resample to, one of the encoding's
    """
    import av

    # bitexact: no random stream serial in Ogg, no encoder version in the tags.
    name: Any = str(target) if isinstance(target, Path) else target
    with av.open(name, "w", format=encoding.container, options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(encoding.codec, rate=sample_rate, layout="mono")
        if encoding.bit_rate:
            stream.bit_rate = encoding.bit_rate
        for chunk in chunks:
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(chunk) // 2)
            frame.sample_rate = given_rate
            frame.planes[0].update(chunk)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
