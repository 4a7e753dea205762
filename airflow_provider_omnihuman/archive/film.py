"""A film that was joined on this machine goes into the archive: verified, with poster and manifest, as a delivered video does."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.archive.inspection import Inspection, inspect_video
from airflow_provider_omnihuman.archive.local_copy import copy_to_file
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.multipart import PART_BYTES, MultipartUpload
from airflow_provider_omnihuman.archive.objects import with_metadata
from airflow_provider_omnihuman.archive.protection import mark_of
from airflow_provider_omnihuman.archive.transfer import Stored
from airflow_provider_omnihuman.archive.writing import write_down
from airflow_provider_omnihuman.media.aigc_label import label_differences, label_text, read_aigc_label
from airflow_provider_omnihuman.media.joining import Joined

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["FetchedClip", "archive_film", "fetch_clips", "label_for", "mark_of_film", "upload_film"]

log = logging.getLogger(__name__)

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class FetchedClip:
    """A clip on this machine.

    :param facts: of its archive
    :param path: of the file
    :param sha256: of its bytes
    """

    facts: Mapping[str, Any]
    path: Path
    sha256: str


def fetch_clips(hook: S3Hook, facts: Sequence[Mapping[str, Any]], folder: Path) -> list[FetchedClip]:
    """Bring clips to this machine.

    :param hook: to S3
    :param facts: of the clips
    :param folder: where they go
    :raises ArchiveError: one of them is not there, or another video is
    """
    fetched = []
    for index, fact in enumerate(facts):
        field, path = f"videos[{index}]", folder / f"clip-{index}.mp4"
        with path.open("wb") as file:
            sha256 = copy_to_file(hook, S3Location.from_uri(fact["uri"], field=field), file, field=field)
        if fact.get("sha256") not in {None, sha256}:
            raise ArchiveError(
                f"{field} {fact['uri']} is another video than the one that was archived there (its SHA-256 differs)",
                advice="another run may have written over it: clear the task that archived it, and give each clip its own s3_key",
            )
        fetched.append(FetchedClip(fact, path, sha256))
    return fetched


def label_for(clips: Sequence[FetchedClip], asked: Mapping[str, str] | None) -> str | None:
    """Return the text of the AIGC label to write into a film; None to carry over what the clips have.

    :param clips: whose labels say more than what was asked for, and are kept where they say that
    :param asked: under the API's names
    """
    if not asked or not any(label_differences(asked, read_aigc_label(clip.path)) for clip in clips):
        return None
    return label_text(asked)


def mark_of_film(*made_of: Any) -> str:
    """Return the mark by which a later try knows a film as its own.

    :param made_of: whatever decides on the film, as JSON
    """
    return "joined-" + hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def archive_film(
    hook: S3Hook,
    path: Path,
    joined: Joined,
    *,
    clips: Sequence[FetchedClip],
    location: S3Location,
    mark: str,
    request: dict[str, Any],
    airflow: dict[str, Any],
) -> dict[str, Any]:
    """Verify a film, upload it, then its poster and its manifest; return the manifest.

    :param hook: to S3
    :param path: of the film
    :param joined: what it should be
    :param clips: that it was made of
    :param location: where it goes
    :param mark: of :func:`mark_of_film`
    :param request: what was asked for
    :param airflow: which task joined it
    :raises ArchiveError: it is not as long as it should be; nothing was uploaded then
    """
    found = _inspected(path, joined)
    started = time.monotonic()
    stored = upload_film(hook, path, location, mark=mark)
    billed = _summed([clip.facts for clip in clips])
    log.info("%s", _told(location, stored, joined, took_s=time.monotonic() - started))
    how = {"reencoded": joined.reencoded, "reason": joined.reason, "label_note": joined.label_note}
    return write_down(
        hook,
        found,
        stored=stored,
        location=location,
        poster=location.sibling(".jpg"),
        video=None,
        request={**request, "audio_duration_s": joined.duration_s},
        airflow=airflow,
        label_differences=label_differences(request.get("aigc_meta") or {}, found.label),
        billed=billed,
        joined={"joined": how, "clips": _clips_told(clips, joined)},
    )


def _inspected(path: Path, joined: Joined) -> Inspection:
    """Read a film back, as a video is read before it is archived.

    :param path: of the film
    :param joined: what it should be
    :raises ArchiveError: it is not as long as it should be
    :raises MediaError: it is no video
    """
    with path.open("rb") as file:
        found = inspect_video(file, audio_s=None)
    frame_s = 1 / (found.video.fps or 1)
    if abs(found.video.duration_s - joined.duration_s) > frame_s * len(joined.starts_s):
        raise ArchiveError(
            f"the joined film lasts {found.video.duration_s:.3f} s, and its {len(joined.starts_s)} clips "
            f"{joined.duration_s:.3f} s: nothing was archived"
        )
    return found


def upload_film(hook: S3Hook, path: Path, location: S3Location, *, mark: str | None = None) -> Stored:
    """Upload a film that was made on this machine, in constant memory; it is not seen before it is whole.

    :param hook: to S3
    :param path: of the film
    :param location: where it goes
    :param mark: by which a later try knows the film as its own
    """
    digest, size = hashlib.sha256(), 0
    extra_args = {"ContentType": "video/mp4", **with_metadata(hook.extra_args, mark_of(mark))}
    with path.open("rb") as file, MultipartUpload(hook.get_conn(), location, extra_args=extra_args) as upload:
        while chunk := file.read(PART_BYTES):
            digest.update(chunk)
            size += len(chunk)
            upload.write(chunk)
        upload.send_rest()
        upload.complete()
    return Stored(bytes=size, sha256=digest.hexdigest())


def _clips_told(clips: Sequence[FetchedClip], joined: Joined) -> list[dict[str, Any]]:
    """Return what a film's manifest tells of its clips."""
    return [
        {
            "uri": clip.facts["uri"],
            "task_id": clip.facts.get("task_id"),
            "sha256": clip.sha256,
            "start_s": start_s,
            "duration_s": duration_s,
        }
        for clip, start_s, duration_s in zip(clips, joined.starts_s, joined.durations_s, strict=True)
    ]


def _told(location: S3Location, stored: Stored, joined: Joined, *, took_s: float) -> str:
    pictures = f"pictures encoded anew, since {joined.reason}" if joined.reencoded else "pictures copied"
    return (
        f"Joined {len(joined.starts_s)} clip(s), {joined.duration_s:.2f} s, {pictures}; archived {location.uri}: "
        f"{stored.bytes:,} bytes in {took_s:.1f} s"
    )


def _summed(facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the clips of a film were billed for together, as far as that is known; no cost in two currencies at once.

    :param facts: of the clips
    """
    seconds = [fact["billed_seconds"] for fact in facts if isinstance(fact.get("billed_seconds"), int | float)]
    costs = [fact["cost"] for fact in facts if isinstance(fact.get("cost"), Mapping)]
    currencies = {cost.get("currency") for cost in costs}
    amount = round(sum(cost.get("amount") or 0.0 for cost in costs), _DIGITS)
    return {
        "billed_seconds": sum(seconds) if seconds else None,
        "cost": {"amount": amount, "currency": currencies.pop()} if len(currencies) == 1 else None,
    }
