"""Speech by Doubao (Volcengine), API v3 over HTTP."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import httpx

from airflow_provider_omnihuman.api.unreachable import what_to_do
from airflow_provider_omnihuman.speech.doubao_reply import frames_of, read_audio
from airflow_provider_omnihuman.speech.doubao_timings import sentence_timings, timings_parameter
from airflow_provider_omnihuman.speech.errors import (
    SpeechError,
    SpeechInputError,
    SpeechServiceError,
    SpeechSetupError,
    SpeechTransportError,
)
from airflow_provider_omnihuman.speech.limits import SPEECH_RATES, TextLimit, TextUnit, check_speech_rate, check_voice
from airflow_provider_omnihuman.speech.measured import measured
from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpokenAudio

log = logging.getLogger(__name__)

DEFAULT_ENDPOINT = "https://openspeech.bytedance.com"
DEFAULT_RESOURCE_ID = "seed-tts-2.0"
_PATH = "/api/v3/tts/unidirectional"

# The v3 page: mp3, ogg_opus, pcm; a WAV header cannot be streamed.
_FORMATS = (AudioFormat.MP3, AudioFormat.OGG_OPUS, AudioFormat.PCM)
_SAMPLE_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
# ? The v3 page names no limit. v1 documents 1,024 bytes of UTF-8, about a minute of speech, which is also what
# OmniHuman takes; where an account's limit is another one, `max_bytes` says so.
_DEFAULT_MAX_BYTES = 1024
# An HTTP header takes no line break; the library's own error would show the secret.
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")
# Refusals of the caller; any other definite code comes from behind the check of the credentials.
# An argument is refused before anything is made, and billed.
_BAD_ARGUMENT = "45000001"
_CREDENTIALS_REFUSED = {"45000010", "45000030"}
_CONNECT_TIMEOUT_S = 10.0
_ATTEMPTS = 3
_FIRST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class DoubaoCredentials:
    """Who asks: an API key of the new console, or App ID and Access Key of the old one.

    :param api_key: the new console's.
    :param app_id: the old console's, with ``access_key``.
    """

    api_key: str = field(default="", repr=False)
    app_id: str = ""
    access_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if bool(self.api_key) == bool(self.app_id and self.access_key):
            raise SpeechSetupError(
                "Doubao Speech needs an API key, or an App ID with its Access Key, and not both",
                advice="new console: password is the API key; old console: login is the App ID, password the Access Key",
            )
        for name in ("api_key", "app_id", "access_key"):
            if _UNSENDABLE.search(getattr(self, name)):
                raise SpeechSetupError(f"{name} holds a space, a line break or a non-ASCII character", advice="copy it again")

    def hidden_in(self, text: str) -> str:
        """Return a text without the keys: a service, or a proxy, may echo what it was sent."""
        for key in filter(None, (self.api_key, self.access_key)):
            text = text.replace(key, "***")
        return text

    def headers(self) -> dict[str, str]:
        """Return the headers that carry them."""
        if self.api_key:
            return {"X-Api-Key": self.api_key}
        return {"X-Api-App-Id": self.app_id, "X-Api-Access-Key": self.access_key}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubaoSpeechEngine:
    """Speaks by Doubao. Billed by character: repeated only where nothing was made.

    :param credentials: of the account.
    :param resource_id: the model: ``seed-tts-2.0``, ``seed-tts-1.0``, ``seed-icl-2.0`` (cloned voices).
    :param endpoint: where the API is; the path is appended.
    :param timeout_s: how long to wait for the next piece of the reply.
    :param audio_format: ``mp3``, ``ogg_opus`` or ``pcm``.
    :param sample_rate: in Hz.
    :param speech_rate: percent of change to the normal speed, -50 to 100.
    :param loudness_rate: percent of change to the normal loudness, -50 to 100.
    :param additions: further settings of the API, such as ``{"silence_duration": 500}``.
    :param max_bytes: refuse a text with more bytes of UTF-8.
    :param timings: ask for the times of words, which costs nothing; Chinese and English have them.
    :param sleep: waits between two attempts.
    """

    name: ClassVar[str] = "doubao"
    default_voice: ClassVar[str] = "zh_female_vv_uranus_bigtts"  # the example of the vendor's page

    credentials: DoubaoCredentials
    resource_id: str = DEFAULT_RESOURCE_ID
    endpoint: str = DEFAULT_ENDPOINT
    timeout_s: float = 60.0
    audio_format: str = AudioFormat.MP3
    sample_rate: int = 24_000
    speech_rate: int = 0
    loudness_rate: int = 0
    additions: Mapping[str, Any] = field(default_factory=dict)
    max_bytes: int = _DEFAULT_MAX_BYTES
    timings: bool = False
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.resource_id, str) or not self.resource_id or _UNSENDABLE.search(self.resource_id):
            raise SpeechSetupError(f"resource_id is {self.resource_id!r}", advice="use one such as seed-tts-2.0")
        if not isinstance(self.max_bytes, int) or isinstance(self.max_bytes, bool) or self.max_bytes < 1:
            raise SpeechInputError(f"max_bytes is {self.max_bytes!r}", advice="use a whole number above 0")
        if not isinstance(self.additions, Mapping):
            raise SpeechInputError(
                f"additions is a {type(self.additions).__name__}", advice="give a mapping: the engine makes the JSON"
            )
        self._additions_json()  # told now, before anything is sent
        _one_of("audio format", self.audio_format, _FORMATS)
        _one_of("sample rate", self.sample_rate, _SAMPLE_RATES)
        check_speech_rate(self.speech_rate)
        if self.loudness_rate not in SPEECH_RATES:
            raise SpeechInputError(f"loudness_rate is {self.loudness_rate!r}", advice="use a whole number from -50 to 100")

    @property
    def text_limit(self) -> TextLimit:
        """The longest text that is sent."""
        return TextLimit(self.max_bytes, TextUnit.BYTES)

    def synthesize(self, text: str, *, voice: str) -> SpokenAudio:
        """Speak the text.

        :param text: what to say.
        :param voice: a speaker that belongs to ``resource_id``, such as ``zh_female_vv_uranus_bigtts``.
        """
        self.text_limit.check(text, engine=self.name)
        check_voice(voice)
        with httpx.Client(timeout=httpx.Timeout(self.timeout_s, connect=_CONNECT_TIMEOUT_S)) as client:
            for attempt in range(_ATTEMPTS):
                try:
                    return self._ask(client, text, voice)
                except SpeechError as error:
                    if self.timings and error.code == _BAD_ARGUMENT:
                        log.warning("The service may know no timings for this voice, and is asked without: %s", error)
                        return replace(self, timings=False).synthesize(text, voice=voice)
                    if attempt == _ATTEMPTS - 1 or not _may_be_repeated(error):
                        raise
                    self.sleep(_FIRST_PAUSE_S * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def probe(self) -> None:
        """Have the credentials checked by asking for nothing to be spoken.

        ? An empty text has no characters to bill, and is answered by 45002001: plausible, not confirmed.

        :raises SpeechError: they are refused, or nothing can be learnt.
        """
        with httpx.Client(timeout=httpx.Timeout(self.timeout_s, connect=_CONNECT_TIMEOUT_S)) as client:
            try:
                self._ask(client, "", self.default_voice)
            except SpeechServiceError as error:
                if error.code is None or error.retryable or error.code in _CREDENTIALS_REFUSED:
                    raise

    def _ask(self, client: httpx.Client, text: str, voice: str) -> SpokenAudio:
        own_id = str(uuid.uuid4())
        headers = {
            **self.credentials.headers(),
            "X-Api-Resource-Id": self.resource_id,
            "X-Api-Request-Id": own_id,
        }
        try:
            reply = client.post(self.endpoint.rstrip("/") + _PATH, headers=headers, json=self._body(text, voice))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _NeverSentError(f"no connection to {self.endpoint} ({error})", advice=what_to_do(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SpeechTransportError(
                f"the reply broke off ({type(error).__name__})", request_id=own_id, advice=f"try again; {what_to_do(error)}"
            ) from error
        request_id = reply.headers.get("X-Tt-Logid") or own_id
        body = reply.content.decode(errors="replace")
        try:
            audio = read_audio(body, reply.status_code, request_id)
        except SpeechError as error:
            error.message = self.credentials.hidden_in(error.message)
            raise
        timings = sentence_timings(frames_of(body)) if self.timings else ()
        return measured(
            audio, audio_format=self.audio_format, sample_rate=self.sample_rate, request_id=request_id, timings=timings
        )

    def _body(self, text: str, voice: str) -> dict[str, Any]:
        audio: dict[str, Any] = {
            "format": str(self.audio_format),
            "sample_rate": self.sample_rate,
            "speech_rate": self.speech_rate,
            "loudness_rate": self.loudness_rate,
        }
        if self.timings:
            audio[timings_parameter(self.resource_id)] = True
        params: dict[str, Any] = {"text": text, "speaker": voice, "audio_params": audio}
        if self.additions:  # JSON inside JSON: the API wants a string here
            params["additions"] = self._additions_json()
        return {"user": {"uid": "airflow"}, "req_params": params}

    def _additions_json(self) -> str:
        try:
            text = json.dumps(dict(self.additions), ensure_ascii=False, allow_nan=False)
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise SpeechInputError(
                f"additions cannot be written as JSON ({ascii(str(error))[1:-1][:100]})",
                advice="give a mapping of text, numbers, lists and mappings",
            ) from error
        return text


class _NeverSentError(SpeechTransportError):
    """The request did not reach the service."""


def _may_be_repeated(error: SpeechError) -> bool:
    """Whether nothing was made and billed: the request never left, or the service says to try again."""
    return isinstance(error, _NeverSentError) or (isinstance(error, SpeechServiceError) and error.retryable)


def _one_of(what: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        choices = ", ".join(map(str, allowed))
        raise SpeechInputError(f"Doubao Speech has no {what} {value!r}", advice=f"use one of {choices}")
