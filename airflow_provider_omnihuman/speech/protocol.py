"""What every speech engine offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from airflow_provider_omnihuman.speech.timings import Timing

if TYPE_CHECKING:
    from airflow_provider_omnihuman.speech.limits import TextLimit


class AudioFormat(StrEnum):
    """The encodings that engines can be asked for; each engine offers some of them."""

    MP3 = "mp3"
    WAV = "wav"
    OGG_OPUS = "ogg_opus"
    OGG_VORBIS = "ogg_vorbis"
    PCM = "pcm"
    """Signed 16 bits, little endian, one channel, no header."""

    @property
    def content_type(self) -> str:
        """The MIME type to store it under."""
        return _CONTENT_TYPES[self]

    @property
    def extension(self) -> str:
        """The file name's ending, without the dot."""
        return "ogg" if self.value.startswith("ogg") else self.value


_CONTENT_TYPES = {
    AudioFormat.MP3: "audio/mpeg",
    AudioFormat.WAV: "audio/wav",
    AudioFormat.OGG_OPUS: "audio/ogg",
    AudioFormat.OGG_VORBIS: "audio/ogg",
    AudioFormat.PCM: "audio/L16",
}


@dataclass(frozen=True, slots=True)
class SpokenAudio:
    """Speech as an engine delivered it.

    :param data: the encoded audio, whole.
    :param format: one of :class:`AudioFormat`.
    :param sample_rate: in Hz.
    :param duration_s: counted in samples, not taken from a header.
    :param timings: when each word, or sentence, is said; nothing where the engine does not tell.
    """

    data: bytes = field(repr=False)
    format: str
    sample_rate: int
    duration_s: float
    timings: tuple[Timing, ...] = ()


class SpeechEngine(Protocol):
    """Turns text into audio. An instance is configured once and serves any number of texts."""

    @property
    def name(self) -> str:
        """The engine's name, as in ``TextToSpeechOperator(engine=…)``."""

    @property
    def default_voice(self) -> str:
        """The voice that speaks where none is named."""

    @property
    def text_limit(self) -> TextLimit:
        """The longest text that one call takes, in the engine's own unit."""

    def synthesize(self, text: str, *, voice: str) -> SpokenAudio:
        """Speak the text.

        :param text: what to say.
        :param voice: who says it, by the engine's own name.
        :raises SpeechError: no audio was made.
        """
