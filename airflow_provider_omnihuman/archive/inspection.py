"""What is found in a video file before it is archived; what is not the video that was ordered is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from airflow_provider_omnihuman.api.errors import DownloadError
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.media.aigc_label import AigcLabel, read_aigc_label
from airflow_provider_omnihuman.media.errors import TruncatedMediaError
from airflow_provider_omnihuman.media.poster import poster_jpeg
from airflow_provider_omnihuman.media.probe import VideoFacts, probe_video

__all__ = ["Inspection", "inspect_video"]

_DURATION_TOLERANCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in the video file itself.

    :param video: codec, size, duration
    :param label: the implicit AIGC label, None where there is none
    :param poster: a JPEG of one of its pictures
    """

    video: VideoFacts
    label: AigcLabel | None
    poster: bytes


def inspect_video(file: IO[bytes], *, audio_s: float | None) -> Inspection:
    """Read the file.

    :param file: the whole video
    :param audio_s: length of the audio that it was made for, seconds; None to take any video
    :raises DownloadError: it ends too early
    :raises ArchiveError: it is shorter than its audio
    :raises MediaError: it is no video
    """
    try:
        facts = probe_video(file)
    except TruncatedMediaError as error:
        raise DownloadError(f"the video did not arrive whole: it {error.message}") from error
    if audio_s and facts.duration_s < audio_s - _DURATION_TOLERANCE_S:
        raise ArchiveError(
            f"the video lasts {facts.duration_s:.2f} s, its audio {audio_s:.2f} s; nothing was archived",
            advice="watch it at its URL; verify_duration=False archives it as it is",
        )
    file.seek(0)
    label = read_aigc_label(file)
    file.seek(0)
    return Inspection(video=facts, label=label, poster=poster_jpeg(file))
