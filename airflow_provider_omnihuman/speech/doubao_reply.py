"""Reads the reply of the Doubao speech API: frames of JSON, each with a piece of audio in base64."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.speech.doubao_codes import END, PIECE, CodeMeaning, meaning_of, meaning_of_status
from airflow_provider_omnihuman.speech.errors import SpeechServiceError, SpeechTransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HTTP_ERROR = 400
_SHOWN_CHARACTERS = 200


def read_audio(body: str, http_status: int, request_id: str | None) -> bytes:
    """Return the audio of a reply, if it is whole.

    :param body: everything that came.
    :param http_status: errors come with 200 too, so the frames are asked first.
    :param request_id: for the messages.
    :raises SpeechServiceError: a frame carries an error, or there is no audio.
    :raises SpeechTransportError: the reply breaks off, or is not of this API.
    """
    audio, seen = bytearray(), 0
    for frame in frames_of(body):
        code, message = _code(frame)
        if code is None:
            break
        seen += 1
        if code not in (PIECE, END):
            raise _refusal(meaning_of(code, message), message, code=str(code), request_id=request_id)
        audio += _piece(frame, request_id)
        if code == END:
            return _not_empty(bytes(audio), request_id)
    if http_status >= _HTTP_ERROR:
        raise _refusal(meaning_of_status(http_status), "", code=None, request_id=request_id)
    raise SpeechTransportError(
        f"the reply broke off after {seen} frames and {len(audio)} bytes of audio"
        if seen
        else f"the reply is none of the speech API: it begins with {scrub(body[:400])[:40]!r}",
        request_id=request_id,
        advice="try again" if seen else "check the connection's endpoint, and what stands between it and here",
    )


def frames_of(body: str) -> Iterator[dict[str, Any]]:
    """Yield JSON objects until the first thing that is none.

    Documented as one object a line; some callers met several on one line, so line ends decide nothing.

    :param body: of a reply.
    """
    decoder, at = json.JSONDecoder(), 0
    while at < len(body):
        if body[at].isspace():
            at += 1
            continue
        try:
            frame, at = decoder.raw_decode(body, at)
        except (ValueError, RecursionError):
            return
        if not isinstance(frame, dict):
            return
        yield frame


def _code(frame: dict[str, Any]) -> tuple[int | None, str]:
    """Return code and message; refusals before the first frame may have both in a ``header`` (?)."""
    holder = frame["header"] if isinstance(frame.get("header"), dict) else frame
    try:
        return int(holder["code"]), str(holder.get("message") or "")
    except (KeyError, TypeError, ValueError, OverflowError):
        return None, ""


def _piece(frame: dict[str, Any], request_id: str | None) -> bytes:
    """Decode one frame's audio: joining the texts first would break at the padding in the middle."""
    data = frame.get("data")
    if not data:  # the last frame, and those that only time the sentences
        return b""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise SpeechTransportError("a frame of the reply is not base64", request_id=request_id, advice="try again") from error


def _not_empty(audio: bytes, request_id: str | None) -> bytes:
    if not audio:
        raise SpeechServiceError(
            "the service ended without any audio",
            request_id=request_id,
            advice="check that the text has words in the speaker's language",
        )
    return audio


def _refusal(meaning: CodeMeaning, message: str, *, code: str | None, request_id: str | None) -> SpeechServiceError:
    said = _for_a_person(message)
    return SpeechServiceError(
        f"{meaning.meaning} ({said})" if said else meaning.meaning,
        code=code,
        request_id=request_id,
        retryable=meaning.retryable,
        advice=meaning.advice,
    )


def _for_a_person(message: str) -> str:
    """Return what the service said as a log can take it: one line, no signatures, not endless."""
    printable = "".join(character if character.isprintable() else " " for character in message)
    return " ".join(scrub(printable).split())[:_SHOWN_CHARACTERS]
