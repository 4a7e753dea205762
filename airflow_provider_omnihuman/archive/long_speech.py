"""A text over an engine's limit, spoken piece by piece: each is kept before the next is asked for, and all are joined."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.archive.spoken import Spoken, keep_piece, read_piece
from airflow_provider_omnihuman.speech.protocol import AudioFormat
from airflow_provider_omnihuman.speech.sentences import is_speakable
from airflow_provider_omnihuman.speech.timings import Timing, shifted

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.speech.protocol import SpokenAudio

__all__ = ["LongSpeech", "Say", "speak_long"]

log = logging.getLogger(__name__)

_PAUSE_S = 0.2
"""Between two pieces: engines leave little silence at the end of a text, and speakers breathe after a sentence."""


@dataclass(frozen=True, slots=True)
class LongSpeech:
    """What was spoken in pieces.

    :param duration_s: counted in samples
    :param pieces: how many
    :param timings: of the words, in the whole; nothing where the engine does not tell them of each piece
    """

    duration_s: float
    pieces: int
    timings: tuple[Timing, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """How one piece is spoken, and where it is kept.

    :param speak: asks the engine
    :param kept: returns where the piece is kept, for its text; None where it is not
    :param hook: to S3
    """

    speak: Callable[[str], SpokenAudio]
    kept: Callable[[str], S3Location | None]
    hook: S3Hook


def speak_long(texts: Sequence[str], target: Path, say: Say, *, audio_format: AudioFormat) -> LongSpeech:
    """Speak the pieces of a text, and join them.

    Takes the disk space of the audio twice, and the memory of one piece.

    :param texts: of the pieces; those in which nothing can be spoken are left out
    :param target: the file that is written; others are written beside it
    :param say: how
    :param audio_format: of the file
    """
    from airflow_provider_omnihuman.media.concatenation import join_audio

    texts = [text for text in texts if is_speakable(text)] or list(texts[:1])
    paths: list[Path] = []
    timings: list[Timing] = []
    start_s = 0.0
    complete = True
    for number, text in enumerate(texts, 1):
        path = target.with_name(f"piece-{number}")
        duration_s, told = _speak_piece(text, path, say, name=f"piece {number} of {len(texts)}")
        complete = complete and bool(told)
        timings += shifted(told, start_s)
        start_s += duration_s + _PAUSE_S
        paths.append(path)
    joined = target if audio_format is AudioFormat.WAV else target.with_name("joined.wav")
    duration_s = join_audio(paths, joined, pause_s=_PAUSE_S)
    if joined is not target:
        _encode(joined, target, audio_format)
    return LongSpeech(duration_s, len(paths), tuple(timings) if complete else ())


def _speak_piece(text: str, path: Path, say: Say, *, name: str) -> tuple[float, tuple[Timing, ...]]:
    """Put a piece into a file, spoken now or before; return its duration and the times of its words."""
    kept = say.kept(text)
    if kept and (before := read_piece(say.hook, kept)):
        data, spoken, timings = before
        log.info("Not spoken again: %s, %.1f s, is in S3 since an earlier run or try (%s)", name, spoken.seconds, kept.uri)
        path.write_bytes(data)
        return spoken.seconds, timings
    audio = say.speak(text)
    data = _with_header(audio)
    if kept:  # before anything that may fail, such as a disk that is full: it is paid for
        spoken = Spoken(audio.duration_s, len(data), has_timings=bool(audio.timings))
        keep_piece(say.hook, kept, data, spoken, audio.timings, content_type="application/octet-stream")
    path.write_bytes(data)
    log.info("Spoken: %s, %d characters, %.1f s", name, len(text), audio.duration_s)
    return audio.duration_s, audio.timings


def _with_header(audio: SpokenAudio) -> bytes:
    """Return audio that tells its own format: bare samples get a WAV header."""
    if audio.format != AudioFormat.PCM:
        return audio.data
    from airflow_provider_omnihuman.media.samples import wav_writer

    target = io.BytesIO()
    with wav_writer(target, sample_rate=audio.sample_rate, channels=1) as file:
        file.writeframes(audio.data)
    return target.getvalue()


def _encode(joined: Path, target: Path, audio_format: AudioFormat) -> None:
    from airflow_provider_omnihuman.media.samples import opened_sound
    from airflow_provider_omnihuman.speech.encoding import ENCODINGS, encode

    encoding = ENCODINGS[audio_format]
    with opened_sound(joined, channels=1) as sound:
        rate = sound.sample_rate if sound.sample_rate in encoding.sample_rates else max(encoding.sample_rates)
        chunks = (chunk.tobytes() for chunk in sound.chunks)
        encode(chunks, target, encoding, given_rate=sound.sample_rate, sample_rate=rate)
