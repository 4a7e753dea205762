"""Speech that was spoken before: the same text gives the same bytes, and so, by the fingerprint, the same video."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import copy_object, seen, with_metadata
from airflow_provider_omnihuman.speech.errors import SpeechInputError
from airflow_provider_omnihuman.speech.timings import Timing, read_timings, timings_json

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = [
    "Spoken",
    "keep_piece",
    "keep_spoken",
    "put_timings",
    "read_piece",
    "spoken_before",
    "spoken_location",
    "timings_location",
]

log = logging.getLogger(__name__)

_PREFIX = "omnihuman/index/speech/"
_SECONDS = "omnihuman-seconds"
_PIECES = "omnihuman-pieces"
_TIMINGS = "omnihuman-timings"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is known of a speech in S3.

    :param seconds: how long it lasts
    :param bytes: of the object
    :param pieces: how many calls of the engine it is made of
    :param has_timings: whether the times of its words are beside it
    """

    seconds: float
    bytes: int
    pieces: int = 1
    has_timings: bool = False

    @property
    def metadata(self) -> dict[str, str]:
        """What the object in S3 tells of itself."""
        timings = {_TIMINGS: "yes"} if self.has_timings else {}
        return {_SECONDS: f"{self.seconds:.3f}", _PIECES: str(self.pieces)} | timings

    @classmethod
    def of_object(cls, found: Mapping[str, Any] | None) -> Spoken | None:
        """Return what an object tells of itself; None where there is none, or where it does not tell how long it lasts.

        :param found: S3's answer to a HEAD or a GET
        """
        told = found["Metadata"] if found else {}
        try:
            seconds, pieces = float(told[_SECONDS]), int(told.get(_PIECES, 1))
        except (KeyError, ValueError):
            return None
        if not found or not seconds > 0:
            return None
        return cls(seconds, int(found["ContentLength"]), pieces, _TIMINGS in told)


def spoken_location(place: S3Location, what: Mapping[str, Any], *, extension: str) -> S3Location:
    """Return where the speech is kept for whoever asks for the same next: in the same bucket, under what was asked for.

    :param place: where the speech goes
    :param what: text, engine, voice, settings: all that changes the sound
    :param extension: of the file
    """
    digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode(errors="replace")).hexdigest()
    return S3Location(place.bucket, f"{_PREFIX}{digest}.{extension}")


def timings_location(place: S3Location) -> S3Location:
    """Return where the times of a speech's words are: beside the speech.

    :param place: of the speech
    """
    return S3Location(place.bucket, f"{place.key}.timings.json")


def put_timings(hook: S3Hook, place: S3Location, timings: Sequence[Timing]) -> None:
    """Write the times of a speech's words beside it.

    :param hook: to S3; its own extra arguments are those of the audio, of which the content type is none for these
    :param place: of the speech
    :param timings: of its words
    """
    target, body = timings_location(place), timings_json(timings)
    extra = {"ContentType": "application/json", **_but_content_type(hook)}
    hook.get_conn().put_object(Bucket=target.bucket, Key=target.key, Body=body, **extra)


def spoken_before(hook: S3Hook, kept: S3Location, place: S3Location, *, content_type: str) -> Spoken | None:
    """Copy what was spoken before to where it is wanted; return what is known of it, None where there is none.

    :param hook: to S3
    :param kept: of :func:`spoken_location`
    :param place: where it is wanted
    :param content_type: of the audio
    """
    spoken = Spoken.of_object(seen(hook, kept))
    if spoken:
        if spoken.has_timings and not seen(hook, timings_location(kept)):
            spoken = replace(spoken, has_timings=False)
        _copy(hook, kept, place, spoken, content_type=content_type)
    return spoken


def keep_spoken(hook: S3Hook, place: S3Location, kept: S3Location, spoken: Spoken, *, content_type: str) -> None:
    """Keep a copy for whoever asks for the same next; the speech is there already, so what S3 has against it is only told.

    :param hook: to S3
    :param place: where the speech is
    :param kept: of :func:`spoken_location`
    :param spoken: what is known of it
    :param content_type: of the audio
    """
    _only_told(place.uri, kept, lambda: _copy(hook, place, kept, spoken, content_type=content_type))


def keep_piece(
    hook: S3Hook, kept: S3Location, data: bytes, spoken: Spoken, timings: Sequence[Timing], *, content_type: str
) -> None:
    """Keep a piece of a long speech, so that whatever happens to the rest, it is not spoken, and paid for, again.

    :param hook: to S3
    :param kept: of :func:`spoken_location`
    :param data: the audio
    :param spoken: what is known of it
    :param timings: of its words
    :param content_type: of the audio
    """

    def keep() -> None:
        if timings:
            put_timings(hook, kept, timings)
        extra = {"ContentType": content_type, **with_metadata(hook.extra_args, spoken.metadata)}
        hook.get_conn().put_object(Bucket=kept.bucket, Key=kept.key, Body=data, **extra)

    _only_told("a piece of the speech", kept, keep)


def read_piece(hook: S3Hook, kept: S3Location) -> tuple[bytes, Spoken, tuple[Timing, ...]] | None:
    """Return a piece that was kept: its audio, what is known of it, and the times of its words; None where there is none.

    :param hook: to S3
    :param kept: of :func:`spoken_location`
    """
    spoken = Spoken.of_object(seen(hook, kept))
    if not spoken:
        return None
    reply = hook.get_conn().get_object(Bucket=kept.bucket, Key=kept.key)
    with closing(reply["Body"]) as body:
        data: bytes = body.read()
    return data, spoken, _timings(hook, kept) if spoken.has_timings else ()


def _timings(hook: S3Hook, kept: S3Location) -> tuple[Timing, ...]:
    from botocore.exceptions import BotoCoreError, ClientError

    target = timings_location(kept)
    try:
        reply = hook.get_conn().get_object(Bucket=target.bucket, Key=target.key)
        with closing(reply["Body"]) as body:
            return read_timings(body.read(), name=target.uri)
    except (BotoCoreError, ClientError, SpeechInputError) as error:
        log.warning("The times of words are not known: %s", scrub(str(error))[:200])
        return ()


def _copy(hook: S3Hook, source: S3Location, target: S3Location, spoken: Spoken, *, content_type: str) -> None:
    """Copy a speech and the times of its words, these first: what is there has them beside it, if it says so."""
    if spoken.has_timings:
        here, there = timings_location(source), timings_location(target)
        hook.get_conn().copy_object(
            Bucket=there.bucket, Key=there.key, CopySource={"Bucket": here.bucket, "Key": here.key}, **_but_content_type(hook)
        )
    copy_object(hook, source, target, content_type=content_type, metadata=spoken.metadata)


def _but_content_type(hook: S3Hook) -> dict[str, Any]:
    """Return the hook's extra arguments for an object that is no audio."""
    return {name: value for name, value in hook.extra_args.items() if name != "ContentType"}


def _only_told(what: str, kept: S3Location, keep: Callable[[], None]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        keep()
    except (BotoCoreError, ClientError) as error:
        log.warning("%s cannot be kept as %s, and will be spoken anew next time: %s", what, kept.uri, scrub(str(error))[:200])
