"""Sounds, one after another, as one WAV file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from airflow_provider_omnihuman.media.container import Source
from airflow_provider_omnihuman.media.samples import opened_sound, wav_writer

__all__ = ["join_audio"]


def join_audio(sources: Sequence[Source], target: str | Path | IO[bytes], *, pause_s: float = 0.0) -> float:
    """Write sounds one after another as a 16-bit PCM WAV; return its length in seconds, counted in samples.

    Sample rate and channels are the first one's, and the others are brought to them. Constant memory.

    :param sources: at least one; paths, bytes, or seekable files, in any format that is read here
    :param target: a path, or a seekable file, which is left open
    :param pause_s: silence between one and the next, seconds
    :raises MediaError: one of them cannot be decoded, or its end is missing where its header tells so
    :raises ValueError: there is nothing to join, or the pause is negative
    """
    if not sources or not pause_s >= 0:
        raise ValueError(f"join_audio needs at least one sound, and a pause of 0 s or more, not {len(sources)} and {pause_s!r}")
    with opened_sound(sources[0]) as sound:
        rate, channels = sound.sample_rate, sound.channels
    silence = bytes(round(pause_s * rate) * channels * 2)
    with wav_writer(target, sample_rate=rate, channels=channels) as file:
        for number, source in enumerate(sources):
            file.writeframesraw(silence if number else b"")
            with opened_sound(source, sample_rate=rate, channels=channels) as sound:
                for chunk in sound.chunks:
                    file.writeframesraw(chunk.tobytes())
        samples = file.tell()
    return samples / rate
