"""Speech by Amazon Polly, through a client that somebody else has made."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from airflow_provider_omnihuman.speech.errors import (
    SpeechError,
    SpeechInputError,
    SpeechServiceError,
    SpeechSetupError,
    SpeechTransportError,
)
from airflow_provider_omnihuman.speech.limits import TextLimit, check_speech_rate, check_voice
from airflow_provider_omnihuman.speech.measured import measured
from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpokenAudio
from airflow_provider_omnihuman.speech.timings import Timing

log = logging.getLogger(__name__)

_ENGINES = ("standard", "neural", "long-form", "generative")
_MP3_RATES = (8000, 16000, 22050, 24000, 44100, 48000)
# API reference of SynthesizeSpeech, SampleRate.
_SAMPLE_RATES: dict[str, tuple[int, ...]] = {
    AudioFormat.MP3: _MP3_RATES,
    AudioFormat.OGG_VORBIS: _MP3_RATES,
    AudioFormat.OGG_OPUS: (48000,),
    AudioFormat.PCM: (8000, 16000),
}
# What Polly answers for a fault of its own or too many requests (error section of the API reference).
_PASSING = {"ServiceFailureException", "ThrottlingException", "ThrottledException", "TooManyRequestsException"}
_HTTP_SERVER_FAULT = 500
_ADVICE = {
    "AccessDeniedException": "allow polly:SynthesizeSpeech to the AWS connection's identity",
    "EngineNotSupportedException": "use another `engine` in engine_options, or a voice that has this one",
    "ExpiredTokenException": "renew the AWS connection's credentials",
    "InvalidClientTokenId": "check the AWS connection's credentials",
    "TextLengthExceededException": "set split_text=True",
    "UnrecognizedClientException": "check the AWS connection's credentials",
    "ValidationException": "check voice, audio_format, sample_rate and engine_options",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PollySpeechEngine:
    """Speaks by Amazon Polly.

    :param client: a boto3 client of the service ``polly``.
    :param engine: ``standard``, ``neural``, ``long-form`` or ``generative``; a voice has some of them.
    :param audio_format: ``mp3``, ``ogg_vorbis``, ``ogg_opus`` or ``pcm``.
    :param sample_rate: in Hz.
    :param speech_rate: percent of change to the normal speed, -50 to 100.
    :param language_code: for voices with two languages, such as ``en-IN``.
    :param timings: ask for the times of words (speech marks): a second request for the same text, and billed as such.
    """

    name: ClassVar[str] = "polly"
    default_voice: ClassVar[str] = "Joanna"
    # Quotas page of Polly: 3,000 billed characters (6,000 in all, which the tags of speech_rate do not reach).
    text_limit: ClassVar[TextLimit] = TextLimit(3000)

    client: Any = field(repr=False)
    engine: str = "neural"
    audio_format: str = AudioFormat.MP3
    sample_rate: int = 24_000
    speech_rate: int = 0
    language_code: str | None = None
    timings: bool = False

    def __post_init__(self) -> None:
        if self.engine not in _ENGINES:
            raise SpeechInputError(f"Polly has no engine {self.engine!r}", advice=f"use one of {', '.join(_ENGINES)}")
        if self.audio_format not in _SAMPLE_RATES:
            raise SpeechInputError(
                f"Polly has no audio format {self.audio_format!r}", advice=f"use one of {', '.join(_SAMPLE_RATES)}"
            )
        rates = _SAMPLE_RATES[self.audio_format]
        if self.sample_rate not in rates:
            raise SpeechInputError(
                f"Polly has no sample rate {self.sample_rate!r} for {self.audio_format}",
                advice=f"use one of {', '.join(map(str, rates))}",
            )
        check_speech_rate(self.speech_rate)

    def synthesize(self, text: str, *, voice: str) -> SpokenAudio:
        """Speak the text.

        :param text: what to say; plain text.
        :param voice: a voice of Polly that has this engine, such as ``Joanna``, ``Zhiyu``.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        self.text_limit.check(text, engine=self.name)
        check_voice(voice)
        try:
            reply = self.client.synthesize_speech(**self._request(text, voice))
            data = reply["AudioStream"].read()
        except (BotoCoreError, ClientError) as error:
            raise _speech_error(error) from error
        request_id = reply["ResponseMetadata"].get("RequestId")
        if not data:
            raise SpeechServiceError("Polly ended without any audio", request_id=request_id, advice="check the text")
        audio = measured(data, audio_format=self.audio_format, sample_rate=self.sample_rate, request_id=request_id)
        return replace(audio, timings=self._timings(text, voice, audio.duration_s)) if self.timings else audio

    def _timings(self, text: str, voice: str, duration_s: float) -> tuple[Timing, ...]:
        """Ask for the speech marks; the audio is there and paid for, so what goes wrong with them is only told."""
        from botocore.exceptions import BotoCoreError, ClientError

        request = self._request(text, voice) | {"OutputFormat": "json", "SpeechMarkTypes": ["word"]}
        request.pop("SampleRate")  # of sound, and these are lines of JSON
        try:
            lines = self.client.synthesize_speech(**request)["AudioStream"].read().splitlines()
            return mark_timings([json.loads(line) for line in lines], duration_s=duration_s)
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError) as error:
            log.warning("Polly gave the audio, and no speech marks (%s)", type(error).__name__)
            return ()

    def _request(self, text: str, voice: str) -> dict[str, Any]:
        request = {
            "Engine": self.engine,
            "OutputFormat": str(self.audio_format),
            "SampleRate": str(self.sample_rate),
            "Text": text,
            "TextType": "text",
            "VoiceId": voice,
        }
        if self.language_code:
            request["LanguageCode"] = self.language_code
        if self.speech_rate:  # Polly takes a speed as markup only
            spoken = f'<prosody rate="{100 + self.speech_rate}%">{escape(text)}</prosody>'
            request |= {"Text": f"<speak>{spoken}</speak>", "TextType": "ssml"}
        return request


def mark_timings(marks: Sequence[Mapping[str, Any]], *, duration_s: float) -> tuple[Timing, ...]:
    """Return the times of the words that Polly's speech marks tell; a mark has a beginning only, in milliseconds.

    :param marks: of the type ``word``, as the page "Speech marks" of the developer guide shows them.
    :param duration_s: where the last word ends at the latest.
    """
    words = sorted((int(mark["time"]) / 1000, str(mark["value"])) for mark in marks if mark["type"] == "word")
    ends = [start for start, _ in words[1:]] + [duration_s]
    return tuple(Timing(start, max(start, end), text) for (start, text), end in zip(words, ends, strict=True))


def _speech_error(error: Exception) -> SpeechError:
    """Turn an error of boto3 into ours."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return _refusal(error.response)
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return SpeechSetupError("there are no AWS credentials", advice="give them to the AWS connection")
    if isinstance(error, boto.ParamValidationError):
        # botocore takes several lines for it
        return SpeechInputError(" ".join(str(error).split()), advice="check voice and engine_options")
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return SpeechTransportError(f"Polly cannot be reached ({error})", advice="check the network and the region")
    return SpeechServiceError(f"Polly failed ({error})", retryable=True, advice="try again")


def _refusal(response: Any) -> SpeechServiceError:
    facts, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    code = str(facts.get("Code", "unknown"))
    return SpeechServiceError(
        str(facts.get("Message") or "Polly refused"),
        code=code,
        request_id=metadata.get("RequestId"),
        retryable=code in _PASSING or metadata.get("HTTPStatusCode", 0) >= _HTTP_SERVER_FAULT,
        advice=_ADVICE.get(code, "see the error section of Polly's SynthesizeSpeech"),
    )
