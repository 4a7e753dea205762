"""The video and the sound that captions are made for, brought to this machine where they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.archive.fetching import fetch
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.captions.srt import with_speaker

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.captions.cue import Cue
    from airflow_provider_omnihuman.media.silence import Silence

__all__ = ["CaptionMedia"]


class CaptionMedia:
    """Fetches each file once, and only if something is asked of it.

    :param hook: to S3
    :param folder: where the files go
    :param video: what is known of the video; nothing where there is none
    :param audio_url: of the sound; None for the video's own
    """

    def __init__(self, hook: S3Hook, folder: Path, *, video: Mapping[str, Any], audio_url: str | None) -> None:
        self._hook = hook
        self._folder = folder
        self._video = video
        self._audio_url = audio_url

    def duration_s(self) -> float | None:
        """Return how long the video lasts, or else the sound; None where there is neither."""
        from airflow_provider_omnihuman.media.probe import probe_audio, probe_video

        if told := self._video.get("duration_s"):
            return float(told)
        if self._video:
            return probe_video(self._film()).duration_s
        return probe_audio(self._sound()).duration_s if self._audio_url else None

    def silences(self) -> Sequence[Silence]:
        """Return the pauses of the sound."""
        from airflow_provider_omnihuman.media.silence import find_silences

        return list(find_silences(self._sound()))

    def with_subtitles(self, cues: Sequence[Cue], target: S3Location, *, language: str) -> str:
        """Put a copy of the video with a subtitle track into S3; return its URI.

        :param cues: of the track
        :param target: where the copy goes: not where the video is
        :param language: of the track, by its code of three letters
        """
        from airflow_provider_omnihuman.media.subtitles import add_subtitles

        if target.uri == self._video["uri"]:
            raise InvalidRequestError(f"the copy with subtitles would replace {target.uri}", advice="give another s3_key")
        copy = self._folder / "captioned.mp4"
        lines = [(cue.start_s, cue.end_s, with_speaker(cue)) for cue in cues]
        add_subtitles(self._film(), copy, lines, language=language)
        extra = {"ContentType": "video/mp4", **self._hook.extra_args}
        self._hook.get_conn().upload_file(str(copy), target.bucket, target.key, ExtraArgs=extra)
        return target.uri

    def _film(self) -> Path:
        return self._fetched("video", self._video["uri"])

    def _sound(self) -> Path:
        if self._audio_url:
            return self._fetched("audio_url", self._audio_url)
        if not self._video:
            raise InvalidRequestError("there is no sound to time the captions by", advice="give video=, spoken= or audio_url=")
        return self._film()

    def _fetched(self, field: str, url: str) -> Path:
        path = self._folder / field
        if not path.exists():
            with path.open("wb") as file:
                fetch(url, file, hook=self._hook, field=field)
        return path
