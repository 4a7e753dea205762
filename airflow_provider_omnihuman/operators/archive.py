"""Bring a finished video into S3, verified, with manifest and poster."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

from airflow_provider_omnihuman.api.models import Video
from airflow_provider_omnihuman.api.urls import check_media_url, shown
from airflow_provider_omnihuman.archive.errors import ArchiveError, DownloadError
from airflow_provider_omnihuman.archive.location import S3Location, locate
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.manifest import Inspection

__all__ = ["DEFAULT_ASSET_ALIAS", "OmniHumanToS3Operator"]

DEFAULT_ASSET_ALIAS = "omnihuman_videos"
_DURATION_TOLERANCE_S = 1.0


class OmniHumanToS3Operator(SignedUrlsMasked):
    """Archive a finished OmniHuman video in S3: the delivered bytes, never remuxed, with a manifest and a poster beside them.

    Streams in constant memory (the worker needs disk for one video), and verifies before the object becomes visible:
    readable MP4, size, and duration against the audio's. The manifest is written last: where it is, the archive is whole.

    XCom: the return value is ``{uri, manifest_uri, poster_uri, task_id, bytes, sha256, duration_s, width, height, fps,
    aigc_label_found}``. The same facts go into an asset event: on the ``outlets`` given, or else on an ``AssetAlias`` named
    ``omnihuman_videos`` with the video's ``s3://`` URI.

    :param omnihuman_task_id: the finished task; a fresh URL is asked for, since the one it was reported with dies after an
        hour, and the task itself after 12 (templated)
    :param video_url: the video's URL, where there is no task id to ask by (templated)
    :param request: what was asked for, as ``OmniHumanSubmitOperator`` and ``OmniHumanVideoOperator`` push it under the XCom
        key ``request``: goes into the manifest, and its ``aigc_meta`` and audio length are used here (templated)
    :param aigc_meta: the implicit AIGC label to write, as for ``OmniHumanTaskSensor``: the service writes it into what it
        delivers to the query that asks for it. By default ``request``'s (templated)
    :param s3_key: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>[/<map_index>]/<OmniHuman task id>.mp4`` (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param replace: write over an object that is there already
    :param s3_extra_args: for the objects written, such as ``{"ServerSideEncryption": "aws:kms"}``
    :param verify_duration: refuse a video that is shorter than the audio by more than a second
    :param omnihuman_conn_id: the connection that submitted the task (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: what no retry mends: the task is lost, the file is no video, the place is wrong
    """

    template_fields: Sequence[str] = (
        "omnihuman_task_id",
        "video_url",
        "request",
        "aigc_meta",
        "s3_key",
        "s3_bucket",
        "omnihuman_conn_id",
        "aws_conn_id",
    )
    template_fields_renderers = {"request": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#d9f2d9"
    signed_fields = ("video_url", "request")

    def __init__(
        self,
        *,
        omnihuman_task_id: str | XComArg | None = None,
        video_url: str | XComArg | None = None,
        request: dict[str, Any] | str | XComArg | None = None,
        aigc_meta: dict[str, str] | str | None = None,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        replace: bool = True,
        s3_extra_args: dict[str, Any] | None = None,
        verify_duration: bool = True,
        omnihuman_conn_id: str = OmniHumanHook.default_conn_name,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("outlets", [AssetAlias(DEFAULT_ASSET_ALIAS)])
        super().__init__(**kwargs)
        self.omnihuman_task_id = omnihuman_task_id
        self.video_url = video_url
        self.request = request
        self.aigc_meta = aigc_meta
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.replace = replace
        self.s3_extra_args = s3_extra_args
        self.verify_duration = verify_duration
        self.omnihuman_conn_id = omnihuman_conn_id
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Archive; return the facts."""
        with raising_airflow_errors():
            return self._archive(context)

    def _archive(self, context: Context) -> dict[str, Any]:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.manifest import build_manifest, manifest_json
        from airflow_provider_omnihuman.archive.transfer import download_to_s3

        hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
        asked = _request_facts(self.request)
        aigc_meta = aigc_meta_of(self.aigc_meta) or aigc_meta_of(asked.get("aigc_meta"))
        asked = {**asked, "aigc_meta": aigc_meta.to_dict() if aigc_meta else None}
        task_id = optional_text(self.omnihuman_task_id, field="omnihuman_task_id") or asked.get("task_id")
        location = self._location(hook, context, asked, task_id=task_id)
        video = OmniHumanHook(self.omnihuman_conn_id).fresh_video(task_id, aigc_meta=aigc_meta) if task_id else None
        url = video.video_url if video else check_media_url(self.video_url, field="video_url")
        started = time.monotonic()
        stored, inspection = download_to_s3(
            url,
            hook.get_conn(),
            location,
            verify=lambda file: self._inspect(file, asked),
            extra_args={"ContentType": "video/mp4", **hook.extra_args},
        )
        self.log.info("Archived %s: %s bytes in %.1f s", location.uri, f"{stored.bytes:,}", time.monotonic() - started)
        self._tell_of_label(inspection, video=video, asked=asked)
        poster, manifest_at = location.sibling(".jpg"), location.sibling(".json")
        manifest = build_manifest(
            stored=stored,
            location=location,
            poster=poster,
            inspection=inspection,
            video=video,
            request=asked,
            airflow=_task_facts(context),
        )
        _put(hook, poster, inspection.poster, content_type="image/jpeg")
        # Last: a manifest says that everything it names is there.
        _put(hook, manifest_at, manifest_json(manifest), content_type="application/json")
        facts = _facts(manifest, manifest_at=manifest_at)
        self._emit(context, location, facts)
        return facts

    def _location(self, hook: S3Hook, context: Context, asked: dict[str, Any], *, task_id: str | None) -> S3Location:
        location = locate(
            hook,
            bucket=optional_text(self.s3_bucket, field="s3_bucket"),
            key=optional_text(self.s3_key, field="s3_key"),
            context=context,
            filename=f"{task_id or 'video'}.mp4",
        )
        if location.key.lower().endswith((".json", ".jpg")):
            raise ArchiveError(f"s3_key must not end in .json or .jpg, where manifest and poster go: {location.key!r}")
        self._protect(hook, location, asked)
        return location

    def _protect(self, hook: S3Hook, location: S3Location, asked: dict[str, Any]) -> None:
        """Refuse to write over the job's own inputs, and, unless told so, over anything."""
        masks = asked.get("mask_url")
        inputs = {asked.get("image_url"), asked.get("audio_url"), *(masks if isinstance(masks, list) else [])}
        for place in (location, location.sibling(".jpg"), location.sibling(".json")):
            if place.uri in inputs:
                raise ArchiveError(f"{place.uri} is an input of this video, and would be written over: choose another s3_key")
            if not self.replace and hook.check_for_key(place.key, place.bucket):
                raise ArchiveError(f"{place.uri} exists already, and replace is False")

    def _inspect(self, file: IO[bytes], asked: dict[str, Any]) -> Inspection:
        from airflow_provider_omnihuman.archive.manifest import Inspection
        from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
        from airflow_provider_omnihuman.media.errors import TruncatedMediaError
        from airflow_provider_omnihuman.media.poster import poster_jpeg
        from airflow_provider_omnihuman.media.probe import probe_video

        try:
            facts = probe_video(file)
        except TruncatedMediaError as error:
            raise DownloadError(f"the video did not arrive whole: it {error.message}") from error
        audio_s = asked.get("audio_duration_s")
        if self.verify_duration and audio_s and facts.duration_s < audio_s - _DURATION_TOLERANCE_S:
            raise ArchiveError(
                f"the video lasts {facts.duration_s:.2f} s, its audio {audio_s:.2f} s; nothing was archived",
                advice="watch it at its URL; verify_duration=False archives it as it is",
            )
        file.seek(0)
        label = read_aigc_label(file)
        file.seek(0)
        return Inspection(video=facts, label=label, poster=poster_jpeg(file))

    def _tell_of_label(self, inspection: Inspection, *, video: Video | None, asked: dict[str, Any]) -> None:
        # Where the vendor writes the label is not documented, so a missing one is told and not refused.
        if inspection.label is None and (asked["aigc_meta"] or (video and video.aigc_meta_tagged)):
            self.log.warning(
                "The AIGC label was asked for (the service says tagged: %s) and is not in the file",
                video.aigc_meta_tagged if video else None,
            )

    def _emit(self, context: Context, location: S3Location, facts: dict[str, Any]) -> None:
        for outlet in self.outlets:
            if isinstance(outlet, AssetAlias):
                context["outlet_events"][outlet].add(Asset(uri=location.asset_uri), extra=facts)
            elif isinstance(outlet, Asset):
                context["outlet_events"][outlet].extra.update(facts)


def _request_facts(value: Any) -> dict[str, Any]:
    """Return the ``request`` argument as a mapping; templates may have made JSON text of it."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"request is not JSON ({error}): pass the XCom itself, or its tojson") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ArchiveError(f"request must be the mapping under the XCom key 'request', not {type(value).__name__}")
    audio_s = value.get("audio_duration_s")
    if audio_s is not None and (isinstance(audio_s, bool) or not isinstance(audio_s, (int, float))):
        raise ArchiveError(f"request's audio_duration_s must be a number of seconds, not {shown(audio_s)}")
    return value


def _task_facts(context: Context) -> dict[str, Any]:
    ti = context["ti"]
    return {
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "map_index": ti.map_index,
        "try_number": ti.try_number,
    }


def _facts(manifest: dict[str, Any], *, manifest_at: S3Location) -> dict[str, Any]:
    video = manifest["video"]
    return {
        "uri": video["uri"],
        "manifest_uri": manifest_at.uri,
        "poster_uri": manifest["poster"]["uri"],
        "task_id": manifest["task_id"],
        **{name: video[name] for name in ("bytes", "sha256", "duration_s", "width", "height", "fps")},
        "aigc_label_found": manifest["aigc_label"]["found"],
    }


def _put(hook: S3Hook, location: S3Location, body: bytes, *, content_type: str) -> None:
    hook.get_conn().put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType=content_type, **hook.extra_args)
