"""Fetches the archived video and proves that it is what its manifest says."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_omnihuman.demo.failures import DemoError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# A container rounds its duration to whole frames and audio packets.
DURATION_TOLERANCE_S = 0.2


@dataclass(frozen=True, slots=True)
class VerifiedVideo:
    """An archived video that was fetched and proved.

    :param uri: where it is archived.
    :param task_id: the OmniHuman task that made it; ``None`` for a film that was joined from several.
    :param local: the copy.
    :param poster: the copy of its poster.
    :param duration_s: its measured length.
    :param labelled: whether an AIGC label is in it, as was asked for or as its manifest says.
    """

    uri: str
    task_id: str | None
    local: Path
    poster: Path | None
    duration_s: float
    labelled: bool = False


def verified_all(archived: Sequence[dict[str, Any]], s3: Any, output: Path, *, name: str) -> list[VerifiedVideo]:
    """Copy and prove each of a run's videos; none at all is a failure.

    :param archived: what the archive tasks returned.
    :param s3: a boto3 client for the store.
    :param output: the folder for the copies.
    :param name: of the copies of films that no single task has made.
    """
    if not archived:
        raise DemoError("the run succeeded, but none of its last tasks tells of an archived video")
    films = [facts for facts in archived if not facts.get("task_id")]
    names = {film["uri"]: name if len(films) == 1 else f"{name}-{number}" for number, film in enumerate(films, start=1)}
    return [fetch_and_verify(facts, s3, output, name=names.get(facts["uri"], "")) for facts in archived]


def fetch_and_verify(archived: dict[str, Any], s3: Any, output: Path, *, name: str = "") -> VerifiedVideo:
    """Copy the video and its poster, and compare them with the manifest.

    :param archived: what the archive task returned.
    :param s3: a boto3 client for the store.
    :param output: the folder for the copies.
    :param name: of the copies; the task's id by default.
    """
    name = name or str(archived["task_id"])
    promised = _promised(_read(s3, archived["manifest_uri"]), archived["manifest_uri"])
    local = output / f"{name}.mp4"
    download(s3, archived["uri"], local)
    _compare(local, promised, archived)
    duration_s = measured_duration_s(local)
    if abs(duration_s - promised["duration_s"]) > DURATION_TOLERANCE_S:
        raise DemoError(f"{local} lasts {duration_s:.2f} s, its manifest says {promised['duration_s']:.2f} s")
    labelled = _has_label(local, promised["aigc_label"])
    poster = None
    if archived.get("poster_uri"):
        poster = output / f"{name}.jpg"
        download(s3, archived["poster_uri"], poster)
    return VerifiedVideo(archived["uri"], archived.get("task_id"), local, poster, duration_s, labelled)


def measured_duration_s(path: Path) -> float:
    """Return the length of an MP4, from the frames that can really be decoded.

    :param path: the file.
    """
    import av

    try:
        with av.open(str(path)) as container:
            if "mp4" not in container.format.name:
                raise DemoError(f"{path} is not an MP4 but {container.format.name}")
            if not container.streams.audio:
                raise DemoError(f"{path} has no sound")
            ends = [
                float((frame.pts + frame.duration) * frame.time_base)
                for frame in container.decode(video=0)
                if frame.pts is not None and frame.time_base is not None
            ]
    except (av.FFmpegError, IndexError) as error:
        raise DemoError(f"{path} cannot be decoded as a video: {error}") from error
    if not ends:
        raise DemoError(f"{path} holds no picture")
    return max(ends)


def _promised(manifest: bytes, uri: str) -> dict[str, Any]:
    try:
        document = json.loads(manifest)
        video = {name: document["video"][name] for name in ("bytes", "sha256", "duration_s")}
        return {**video, "aigc_label": dict(document.get("aigc_label") or {})}
    except (ValueError, TypeError, KeyError) as error:
        raise DemoError(f"{uri} is not a manifest: {error!r}") from error


def _compare(local: Path, promised: dict[str, Any], archived: dict[str, Any]) -> None:
    with local.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    found = {"bytes": local.stat().st_size, "sha256": sha256}
    for name, measured in found.items():
        for source, said in (("manifest", promised[name]), ("archive task", archived.get(name))):
            if said != measured:
                raise DemoError(f"the archived video has {name} {measured}, the {source} says {said}")


def _has_label(local: Path, promised: dict[str, Any]) -> bool:
    """See for ourselves whether a label is there; complain where it was asked for, or the manifest says so, and it is not."""
    from airflow_provider_omnihuman.media.aigc_label import label_differences, read_aigc_label

    found = read_aigc_label(local)
    if promised.get("found") and found is None:
        raise DemoError(f"the manifest says that an AIGC label is in {local}: there is none")
    if differences := label_differences(promised.get("requested"), found):
        raise DemoError(f"the AIGC label of {local} is not what was asked for: {'; '.join(differences)}")
    return found is not None


def _read(s3: Any, uri: str) -> bytes:
    with _told(uri):
        body: bytes = s3.get_object(**_place(uri))["Body"].read()
    return body


def download(s3: Any, uri: str, target: Path) -> None:
    """Copy an object.

    :param s3: a boto3 client for the store.
    :param uri: of the object.
    :param target: the file to write.
    """
    with _told(uri):
        s3.download_file(**_place(uri), Filename=str(target))


@contextmanager
def _told(uri: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise DemoError(f"cannot read {uri} from the store: {error}") from error


def _place(uri: str) -> dict[str, str]:
    parts = urlsplit(uri)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}
