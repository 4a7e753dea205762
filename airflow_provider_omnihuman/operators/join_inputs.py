"""What the operator that joins clips is given, read: lists of videos, lengths, pauses and soundtracks that fit together."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import check_media_url, shown
from airflow_provider_omnihuman.operators.given_video import given_video, manifest_of
from airflow_provider_omnihuman.operators.parameters import is_nothing

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.media.container import Source

__all__ = ["fetch_sounds", "lengths_of", "pauses_of", "soundtrack_of", "videos_of"]

_LENGTHS = ("duration_s", "seconds")
"""How ``SplitAudioOperator`` and ``TextToSpeechOperator`` call the length of an audio."""
_SAME_S = 0.1
"""Two measures of one audio differ by less."""
_MISSING = "a clip may be missing since its task failed or was skipped: look at the mapped tasks before this one"


def videos_of(value: Any, *, hook: S3Hook) -> list[dict[str, Any]]:
    """Return the facts of the clips.

    :param value: archive facts or ``s3://`` URIs, as a list or its JSON text; or the output of a mapped task
    :param hook: to S3
    :raises InvalidRequestError: there are none, or this is no list
    :raises ArchiveError: one of them is no video
    """
    videos = _listed(value, field="videos")
    if not videos:
        raise InvalidRequestError("videos is empty: there is nothing to join", advice=_MISSING)
    return [given_video(video, hook=hook, field=f"videos[{index}]") for index, video in enumerate(videos)]


def lengths_of(
    value: Any, clips: list[dict[str, Any]], *, soundtrack: str | list[str | None] | None, hook: S3Hook
) -> list[float | None]:
    """Return how long each clip stands in the film; None where that is left to the clip itself.

    :param value: seconds, or what was told of each audio, as a list or its JSON text; or the output of a mapped task
    :param clips: their facts
    :param soundtrack: of the film; where there is one, the clips stand as long as the audios that they were made from
    :param hook: to S3
    :raises InvalidRequestError: another number of them, no lengths, or those of other audios than the clips were made from
    """
    told = _listed(value, field="durations")
    lengths = [_length(item, field=f"durations[{index}]") for index, item in enumerate(told)]
    if lengths and len(lengths) != len(clips):
        raise InvalidRequestError(f"there are {len(clips)} videos and {len(lengths)} durations", advice=_MISSING)
    if lengths:
        for index, (item, length, clip) in enumerate(zip(told, lengths, clips, strict=True)):
            if isinstance(item, Mapping) and length is not None:  # a number is the author's own will
                _refuse_other_audio(index, length, made_of_s=_audio_length(clip, hook=hook))
        return lengths
    # A clip is longer than its audio by a part of a picture: all together, they would get out of step with the whole.
    return [_audio_length(clip, hook=hook) for clip in clips] if isinstance(soundtrack, str) else [None] * len(clips)


def _refuse_other_audio(index: int, length: float, *, made_of_s: float | None) -> None:
    """Refuse a clip that belongs to an earlier audio: where only the task that cut or spoke it was cleared, they are as many."""
    if made_of_s is not None and abs(made_of_s - length) > _SAME_S:
        raise InvalidRequestError(
            f"videos[{index}] was made from an audio of {made_of_s:.2f} s, and durations[{index}] is one of {length:.2f} s",
            advice="clear the tasks that render and archive the clips, too",
        )


def _audio_length(clip: Mapping[str, Any], *, hook: S3Hook) -> float | None:
    """Return how long the audio of a clip is, by its manifest; None where that does not tell."""
    request = manifest_of(clip, hook=hook).get("request")
    length = request.get("audio_duration_s") if isinstance(request, Mapping) else None
    return length if isinstance(length, int | float) and length > 0 else None


def _length(value: Any, *, field: str) -> float | None:
    if isinstance(value, Mapping):
        value = next((value[name] for name in _LENGTHS if value.get(name) is not None), "")
    elif is_nothing(value):
        return None
    return _seconds(value, field=field, least=math.ulp(0.0))


def pauses_of(value: Any, *, clips: int) -> list[float]:
    """Return the pause after each clip; there is none after the last one, unless a list has it.

    :param value: seconds for all, or a list: one for each clip, or for each but the last
    :param clips: how many there are
    :raises InvalidRequestError: another number of them, or no pauses
    """
    is_one = isinstance(value, int | float) or (isinstance(value, str) and not value.strip().startswith("["))
    pauses = [value] * (clips - 1) if is_one and not is_nothing(value) else _listed(value, field="pause") or [0.0] * clips
    if len(pauses) not in {clips, clips - 1}:
        raise InvalidRequestError(f"there are {clips} videos and {len(pauses)} pauses", advice=_MISSING)
    read = [_seconds(pause, field="pause", least=0.0) for pause in pauses]
    return [*read, 0.0][:clips]


def soundtrack_of(value: Any, *, clips: int) -> str | list[str | None] | None:
    """Return the URL of the one soundtrack, or of each clip's; None for the clips' own sound.

    :param value: a URL or what was told of an audio; or a list of such, one for each clip
    :param clips: how many there are
    :raises InvalidRequestError: another number of them, or no URLs
    """
    is_list = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    if not is_list and not (isinstance(value, str) and value.strip().startswith("[")):
        return _url(value, field="soundtrack")
    urls = [_url(item, field=f"soundtrack[{index}]") for index, item in enumerate(_listed(value, field="soundtrack"))]
    if len(urls) != clips:
        raise InvalidRequestError(f"there are {clips} videos and {len(urls)} soundtracks", advice=_MISSING)
    return urls


def fetch_sounds(hook: S3Hook, soundtrack: str | list[str | None] | None, folder: Path) -> Path | list[Source | None] | None:
    """Bring the soundtracks to this machine; return their files.

    :param hook: to S3
    :param soundtrack: of :func:`soundtrack_of`
    :param folder: where they go
    """
    if isinstance(soundtrack, str):
        return _fetch_sound(hook, soundtrack, folder / "soundtrack")
    if soundtrack is None:
        return None
    return [
        None if url is None else _fetch_sound(hook, url, folder / f"soundtrack-{index}") for index, url in enumerate(soundtrack)
    ]


def _fetch_sound(hook: S3Hook, url: str, path: Path) -> Path:
    from airflow_provider_omnihuman.archive.fetching import fetch

    with path.open("w+b") as file:
        fetch(url, file, hook=hook, field="soundtrack")
    return path


def _url(value: Any, *, field: str) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("uri")
    if is_nothing(value):
        return None
    if not isinstance(value, str):
        raise InvalidRequestError(f"{field} must be an s3:// or http(s) URL, not {shown(value)}")
    return value if value.lower().startswith("s3://") else check_media_url(value, field=field)


def _seconds(value: Any, *, field: str, least: float) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number < math.inf:
        raise InvalidRequestError(f"{field} must be a number of seconds, not {shown(value)}")
    return number


def _listed(value: Any, *, field: str) -> list[Any]:
    """Return a list, given as such, as its JSON text, as a mapped task's output, or as its one item."""
    if is_nothing(value):
        return []
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError(
                f"{field} is not a JSON list: {shown(value)}", advice="pass the task's output itself"
            ) from error
    if isinstance(value, str | Mapping | int | float):  # Airflow 3.3 gives the output of a single mapped task without a list
        return [value]
    if not isinstance(value, Iterable):
        raise InvalidRequestError(f"{field} must be a list, not {shown(value)}")
    return list(value)
