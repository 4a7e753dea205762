"""Turns the bytes that a service delivered into :class:`SpokenAudio`, by decoding them."""

from __future__ import annotations

from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.probe import probe_audio
from airflow_provider_omnihuman.speech.errors import SpeechTransportError
from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpokenAudio
from airflow_provider_omnihuman.speech.timings import Timing

_PCM_BYTES_PER_SAMPLE = 2


def measured(
    data: bytes, *, audio_format: str, sample_rate: int, request_id: str | None = None, timings: tuple[Timing, ...] = ()
) -> SpokenAudio:
    """Return the audio with its duration.

    :param request_id: for the message, if the bytes cannot be decoded.
    :param timings: as the service told them.
    :raises SpeechTransportError: the bytes are not what was asked for.
    """
    if audio_format == AudioFormat.PCM:
        duration_s = len(data) / _PCM_BYTES_PER_SAMPLE / sample_rate
        return SpokenAudio(data, str(audio_format), sample_rate, duration_s, timings)
    try:
        duration_s = probe_audio(data).duration_s
    except MediaError as error:
        raise SpeechTransportError(
            f"the service delivered {len(data)} bytes that are no {audio_format}",
            request_id=request_id,
            advice="try again; if it stays, ask the service's support",
        ) from error
    return SpokenAudio(data, str(audio_format), sample_rate, duration_s, timings)
