"""Reads the body of a speech request, and says what the service would say about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow_provider_omnihuman.emulator.codes import SpeechApiError

# The first is the example of the vendor's page. Each belongs to one generation of the model.
SPEAKERS: dict[str, tuple[str, str]] = {
    "zh_female_vv_uranus_bigtts": ("seed-tts-2.0", "cmn+f3"),
    "zh_female_xiaohe_uranus_bigtts": ("seed-tts-2.0", "cmn+f2"),
    "zh_male_m191_uranus_bigtts": ("seed-tts-2.0", "cmn"),
    "zh_male_taocheng_uranus_bigtts": ("seed-tts-2.0", "cmn+m3"),
    "en_female_dacey_uranus_bigtts": ("seed-tts-2.0", "en-us+f3"),
    "en_male_tim_uranus_bigtts": ("seed-tts-2.0", "en-us"),
    "zh_female_shuangkuaisisi_moon_bigtts": ("seed-tts-1.0", "cmn+f3"),
    "zh_male_wennuanahu_moon_bigtts": ("seed-tts-1.0", "cmn"),
    "en_female_anna_mars_bigtts": ("seed-tts-1.0", "en+f3"),
    "en_male_adam_mars_bigtts": ("seed-tts-1.0", "en-us"),
}
_FORMATS = ("mp3", "ogg_opus", "pcm")
_SAMPLE_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (8000, 16000, 24000, 48000)  # the codec itself knows no other
_RATES = range(-50, 101)
# Each generation is asked for the times of words in its own way, and takes no notice of the other's.
_TIMING = {"seed-tts-1.0": "enable_timestamp", "seed-tts-2.0": "enable_subtitle", "seed-icl-2.0": "enable_subtitle"}


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be spoken.

    :param voice: a voice of the local engine.
    :param timing: whether, and how, the times of words are told: as the first generation of models does, or the second.
    """

    text: str
    voice: str
    audio_format: str
    sample_rate: int
    speech_rate: int
    timing: str | None = None


def read_speech_request(body: bytes, resource: str, text_limit: int) -> SpeechRequest:
    """Return the request, or raise the code that the service would answer."""
    params = _read_params(body)
    text, speaker = params.get("text"), params.get("speaker")
    if not isinstance(text, str) or not isinstance(speaker, str):
        raise SpeechApiError("45000001", "req_params.text and req_params.speaker must be strings")
    _check_additions(params)
    audio = _read_audio_params(params)
    if speaker not in SPEAKERS:
        raise SpeechApiError("45000000", speaker)
    speaker_resource, voice = SPEAKERS[speaker]
    if speaker_resource != resource:
        raise SpeechApiError("55000000-mismatch", f"{speaker} belongs to {speaker_resource}")
    if not any(character.isalnum() for character in text):
        raise SpeechApiError("45002001")
    if len(text) > text_limit:
        raise SpeechApiError("40402003", f"{len(text)} characters")
    timing = _TIMING[resource] if audio[_TIMING[resource]] and _is_chinese_or_english(text) else None
    return SpeechRequest(text, _voice_for(text, voice), audio["format"], audio["sample_rate"], audio["speech_rate"], timing)


def _is_chinese_or_english(text: str) -> bool:
    """Whether the times of words are known: kana and hangul have none (2.4 of the vendor's page)."""
    return not any("\u3040" <= character <= "\u30ff" or "\uac00" <= character <= "\ud7a3" for character in text)


def _voice_for(text: str, voice: str) -> str:
    """Return the local voice for a text: the service's Chinese speakers read Latin script as English, espeak's spell it."""
    if voice.startswith("cmn") and not any(character > "\u2e7f" for character in text):
        return voice.replace("cmn", "en-us", 1)
    return voice


def _read_params(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        raise SpeechApiError("45000001", "the body is not JSON") from None
    params = document.get("req_params") if isinstance(document, dict) else None
    if not isinstance(params, dict):
        raise SpeechApiError("45000001", "req_params must be an object")
    return params


def _check_additions(params: dict[str, Any]) -> None:
    additions = params.get("additions", "{}")
    try:
        is_object = isinstance(additions, str) and isinstance(json.loads(additions), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise SpeechApiError("45000001", "additions must be a string that holds a JSON object")


def _read_audio_params(params: dict[str, Any]) -> dict[str, Any]:
    given = params.get("audio_params", {})
    if not isinstance(given, dict):
        raise SpeechApiError("45000001", "audio_params must be an object")
    audio = {"format": "mp3", "sample_rate": 24000, "speech_rate": 0, "loudness_rate": 0} | given
    rates = _OPUS_RATES if audio["format"] == "ogg_opus" else _SAMPLE_RATES
    allowed = {"format": _FORMATS, "sample_rate": rates, "speech_rate": _RATES, "loudness_rate": _RATES}
    for name, values in allowed.items():
        if isinstance(audio[name], bool | float) or audio[name] not in values:
            raise SpeechApiError("45000001", name)
    for name in _TIMING.values():
        if not isinstance(audio.setdefault(name, False), bool):
            raise SpeechApiError("45000001", name)
    return audio
