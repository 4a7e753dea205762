"""What a film that was joined of clips was made of: its clips' manifests tell of their portraits and audios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.kept_manifest import kept_manifest
from airflow_provider_omnihuman.archive.location import S3Location

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["made_of_clips"]


def made_of_clips(hook: S3Hook, manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return under the names of a request what the clips were made of; empty for a film of one piece.

    ``image_url`` is a list then, and so is ``audio_url`` where there is no one audio for the whole film: of ``{audio_url,
    start_s, duration_s}``. What not all clips tell is left out: a part of it would be compared with the whole film. ``pauses``
    has the beginning and the end of each pause after a clip.

    :param hook: to S3
    :param manifest: of the film
    """
    clips = manifest.get("clips") if manifest else None
    if not isinstance(clips, list) or not all(isinstance(clip, dict) for clip in clips):
        return {}
    requests = [_request(hook, clip) for clip in clips]
    sides = {request.get("output_resolution") for request in requests}
    portraits = [request.get("image_url") for request in requests]
    found = {
        "output_resolution": sides.pop() if len(sides) == 1 else None,
        "image_url": list(dict.fromkeys(portraits)) if all(isinstance(url, str) for url in portraits) else None,
        "audio_url": _sounds(manifest or {}, clips, requests),
        "pauses": _pauses(manifest or {}, clips),
    }
    return {name: value for name, value in found.items() if value}


def _request(hook: S3Hook, clip: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        manifest = kept_manifest(hook, S3Location.from_uri(clip.get("uri"), field="clips"))
    except ArchiveError:  # no place of ours
        return {}
    request = manifest.get("request") if manifest else None
    return request if isinstance(request, dict) else {}


def _pauses(manifest: Mapping[str, Any], clips: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Return the pauses after the clips, for which the last picture of each is held."""
    starts: list[Any] = [clip.get("start_s") for clip in clips]
    lengths: list[Any] = [clip.get("duration_s") for clip in clips]
    if not all(isinstance(number, int | float) for number in [*starts, *lengths]):
        return []
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    pauses = zip(ends, [*starts[1:], manifest["video"]["duration_s"]], strict=True)
    return [(end_s, start_s) for end_s, start_s in pauses if start_s > end_s]


def _sounds(
    manifest: Mapping[str, Any], clips: Sequence[Mapping[str, Any]], requests: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]] | None:
    """Return the audio of each clip, and where in the film it stands; None where they are not all known."""
    asked = manifest["request"].get("audio_url") if isinstance(manifest.get("request"), dict) else None
    if isinstance(asked, str):  # one audio for all
        return None
    urls = asked if isinstance(asked, list) and len(asked) == len(clips) else [request.get("audio_url") for request in requests]
    sounds = [
        {"audio_url": url, "start_s": clip.get("start_s"), "duration_s": clip.get("duration_s")}
        for clip, url in zip(clips, urls, strict=True)
        if url is not None or asked is not None  # a clip that was given no audio is silent
    ]
    whole = len(sounds) == len(clips) and all(isinstance(sound["start_s"], int | float) for sound in sounds)
    return sounds if whole and all(isinstance(sound["duration_s"], int | float) for sound in sounds) else None
