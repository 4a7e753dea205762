"""Doubao's speech endpoint: checks a request as that service does, and answers in frames."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from airflow_provider_omnihuman.emulator.codes import SpeechApiError
from airflow_provider_omnihuman.emulator.envelopes import Envelope
from airflow_provider_omnihuman.emulator.speech_request import SpeechRequest, read_speech_request
from airflow_provider_omnihuman.emulator.speech_sentences import told_sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_omnihuman.emulator.settings import Settings
    from airflow_provider_omnihuman.speech.protocol import SpokenAudio

_RESOURCES = ("seed-tts-2.0", "seed-tts-1.0", "seed-icl-2.0")
# A fresh account may use the ready-made voices, and has no cloned ones.
_GRANTED = ("seed-tts-2.0", "seed-tts-1.0")
_FRAME_BYTES = 6000
_OK = 20000000


@dataclass(slots=True)
class SpeechApi:
    """Turns text into frames of audio, by the local engine.

    :param settings: the credentials and the limits.
    """

    settings: Settings
    running: int = field(default=0, init=False)

    async def answer(self, request: web.Request) -> tuple[web.StreamResponse, str]:
        """Return the reply, and the code that it carries."""
        envelope = Envelope()
        try:
            resource = self._check_headers(request.headers)
            spoken = read_speech_request(await request.read(), resource, self.settings.speech_text_limit)
            audio = await self._speak(spoken)
        except SpeechApiError as error:
            return envelope.speech_error(error), error.code
        headers = {"X-Tt-Logid": envelope.request_id}
        body = b"".join(_frames(audio, spoken))
        reply = web.Response(body=body, headers=headers, content_type="application/json")
        reply.enable_chunked_encoding()
        return reply, str(_OK)

    def _check_headers(self, headers: Mapping[str, str]) -> str:
        """Accept the credentials of either console, and a resource that they are good for."""
        if "X-Api-Key" in headers:
            is_known = headers["X-Api-Key"] == self.settings.speech_api_key
        else:
            given = (headers.get("X-Api-App-Id"), headers.get("X-Api-Access-Key"))
            is_known = given == (self.settings.speech_app_id, self.settings.speech_access_token)
        if not is_known:
            raise SpeechApiError("45000010", "X-Api-Key, or X-Api-App-Id with X-Api-Access-Key")
        resource = headers.get("X-Api-Resource-Id", "")
        if resource not in _RESOURCES:
            raise SpeechApiError("45000001", f"X-Api-Resource-Id {resource}")
        if resource not in _GRANTED:
            raise SpeechApiError("45000030", resource)
        return resource

    async def _speak(self, spoken: SpeechRequest) -> SpokenAudio:
        limit = self.settings.speech_concurrency
        if limit and self.running >= limit:
            raise SpeechApiError("45000292")
        self.running += 1
        try:
            return await asyncio.to_thread(_synthesize, spoken)
        finally:
            self.running -= 1


def _synthesize(spoken: SpeechRequest) -> SpokenAudio:
    from airflow_provider_omnihuman.speech.local import LocalSpeechEngine

    engine = LocalSpeechEngine(spoken.audio_format, spoken.sample_rate, spoken.speech_rate)
    try:
        return engine.synthesize(spoken.text, voice=spoken.voice)
    except Exception as error:
        raise SpeechApiError("55000000", str(error)) from error


def _frames(audio: SpokenAudio, spoken: SpeechRequest) -> list[bytes]:
    """Cut the audio into frames, one JSON object a line, and close with the one that says ok.

    The sentences come between them: of the first generation, each where its audio ends; of the second, late.
    """
    data = audio.data
    chunks = [data[at : at + _FRAME_BYTES] for at in range(0, len(data), _FRAME_BYTES)]
    frames: list[dict[str, Any]] = [{"code": 0, "message": "", "data": base64.b64encode(chunk).decode()} for chunk in chunks]
    for end_s, sentence in reversed(told_sentences(audio.timings) if spoken.timing else []):
        part = end_s / audio.duration_s if spoken.timing == "enable_timestamp" else 1
        frames.insert(
            min(len(chunks), 1 + int(part * len(chunks))), {"code": 0, "message": "", "data": None, "sentence": sentence}
        )
    frames.append({"code": _OK, "message": "ok", "data": None})
    return [json.dumps(frame).encode() + b"\n" for frame in frames]
