"""Speech without an account or a network, by espeak-ng: robotic, free, the same every time."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_omnihuman.speech.encoding import ENCODINGS, Encoding, encode
from airflow_provider_omnihuman.speech.errors import SpeechInputError
from airflow_provider_omnihuman.speech.limits import TextLimit, check_speech_rate
from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpokenAudio

_FORMATS = (AudioFormat.MP3, AudioFormat.WAV, AudioFormat.OGG_OPUS, AudioFormat.PCM)

# A lone "…" comes back as some 7 ms of nothing.
_SHORTEST_WORD_S = 0.05

# What people write for a language where espeak-ng has another code.
_VOICE_ALIASES = {"zh": "cmn", "zh-cn": "cmn", "zh-hans": "cmn", "jp": "ja", "kr": "ko"}


@dataclass(frozen=True, slots=True)
class LocalSpeechEngine:
    """Speaks by espeak-ng (extra ``speech-local``). Any number of threads may share one.

    :param audio_format: ``mp3``, ``wav``, ``ogg_opus`` or ``pcm``.
    :param sample_rate: in Hz.
    :param speech_rate: percent of change to the normal speed, -50 to 100.
    """

    name: ClassVar[str] = "local"
    default_voice: ClassVar[str] = "en"
    # espeak-ng has no limit of its own; this one keeps a slip (a whole book) from filling the memory.
    text_limit: ClassVar[TextLimit] = TextLimit(100_000)

    audio_format: str = AudioFormat.MP3
    sample_rate: int = 24_000
    speech_rate: int = 0

    def __post_init__(self) -> None:
        if self.audio_format not in _FORMATS:
            raise SpeechInputError(
                f"the local engine has no audio format {self.audio_format!r}",
                advice=f"use one of {', '.join(_FORMATS)}",
            )
        rates = self._encoding.sample_rates
        if self.sample_rate not in rates:
            raise SpeechInputError(
                f"{self.audio_format} has no sample rate {self.sample_rate!r}",
                advice=f"use one of {', '.join(map(str, rates))}",
            )
        check_speech_rate(self.speech_rate)

    @property
    def _encoding(self) -> Encoding:
        return ENCODINGS[AudioFormat(self.audio_format)]

    def check_voice(self, voice: str) -> None:
        """Raise :class:`SpeechInputError` for a voice that espeak-ng does not have.

        :param voice: as of :meth:`synthesize`
        """
        from airflow_provider_omnihuman.speech.espeak import check_voice

        check_voice(_espeak_name(voice))

    def synthesize(self, text: str, voice: str = "en") -> SpokenAudio:
        """Speak the text.

        :param text: what to say.
        :param voice: a language code (``en``, ``zh``, ``ja``) or a voice of espeak-ng (``en-us+f3``).
        """
        from airflow_provider_omnihuman.speech.espeak import speak
        from airflow_provider_omnihuman.speech.espeak_words import word_timings

        self.text_limit.check(text, engine=self.name)
        samples = speak(text, _espeak_name(voice), self.speech_rate)
        if samples.duration_s < _SHORTEST_WORD_S:
            raise SpeechInputError("nothing in the text can be spoken", advice="give a text with words in it")
        target = io.BytesIO()
        encode([samples.pcm], target, self._encoding, given_rate=samples.sample_rate, sample_rate=self.sample_rate)
        timings = word_timings(text, samples.events, samples.pcm, samples.sample_rate)
        return SpokenAudio(target.getvalue(), str(self.audio_format), self.sample_rate, samples.duration_s, timings)


def _espeak_name(voice: str) -> str:
    return _VOICE_ALIASES.get(voice.lower(), voice)
