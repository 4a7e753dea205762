"""Bring a finished video into S3, verified, with manifest and poster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.label_policy import LabelPolicy
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.observability.lineage_source import LineageSource
from airflow_provider_omnihuman.operators.archive_inputs import done_at_of, request_facts, task_facts
from airflow_provider_omnihuman.operators.asset_events import DEFAULT_ASSET_ALIAS, emit_asset_events, outlets_of
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.api.download import Patience
    from airflow_provider_omnihuman.archive.delivery import Delivery
    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["DEFAULT_ASSET_ALIAS", "OmniHumanToS3Operator"]


class OmniHumanToS3Operator(LineageSource, SignedUrlsMasked):
    """Archive a finished OmniHuman video in S3: the delivered bytes, never remuxed, with a manifest and a poster beside them.

    Streams in constant memory (the worker needs disk for one video), and verifies before the object becomes visible:
    readable MP4, size, and duration against the audio's. A download that breaks off goes on where it stopped, from a fresh URL
    where the old one died. The manifest is written after video and poster: where it is, the archive is whole. A try that
    follows a killed worker aborts the unfinished upload that it left.

    Where ``request`` tells of an archived video that is reused, nothing is downloaded: the video is left where it is, or copied
    inside S3 to the ``s3_key`` given.

    Give it a high ``priority_weight``: the URL dies after one hour, the task after 12.

    XCom: the return value is ``{uri, manifest_uri, poster_uri, task_id, fingerprint, bytes, sha256, duration_s, width, height,
    fps, aigc_label_found, reused, billed_seconds, cost}``. The same facts go into an asset event: on the ``outlets`` given, or
    else on an ``AssetAlias`` named ``omnihuman_videos`` with the video's ``s3://`` URI. ``billed_seconds`` is the length of the
    video (the vendor may round it up), 0 where it was reused; ``cost`` is ``{amount, currency}`` by the connection's
    ``price_per_second``, None without one.

    :param omnihuman_task_id: the finished task; a fresh URL is asked for, since the one it was reported with dies after an
        hour, and the task itself after 12 (templated)
    :param video_url: the video's URL, where there is no task id to ask by (templated)
    :param request: what was asked for, as ``OmniHumanSubmitOperator`` and ``OmniHumanVideoOperator`` push it under the XCom
        key ``request``: goes into the manifest, and its ``aigc_meta``, audio length, ``done_at``, ``fingerprint``,
        ``archive_index`` and ``reused`` are used here (templated)
    :param aigc_meta: the implicit AIGC label to write, as for ``OmniHumanTaskSensor``: the service writes it into what it
        delivers to the query that asks for it. By default ``request``'s (templated)
    :param s3_key: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>[/<map_index>]/<OmniHuman task id>.mp4`` (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param replace: write over an object that is there already; what is there of the same OmniHuman task always is
    :param s3_extra_args: for the objects written, such as ``{"ServerSideEncryption": "aws:kms"}``
    :param verify_duration: refuse a video that is shorter than the audio by more than a second
    :param aigc_label: what to do when the label in the file is not the one asked for, field by field: ``"warn"``; ``"require"``:
        the video is archived all the same, then the task fails, and no asset event is emitted; ``"off"``. The manifest tells the
        differences in any case
    :param emit_asset_event: False for a video that nobody else is to hear of, such as a clip that is only a part of a film
    :param done_at: when the job was done, epoch seconds or their text: an archive that starts more than 45 minutes later is told
        of in the log; by default ``request``'s (templated)
    :param omnihuman_conn_id: the connection that submitted the task (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :raises ValueError: ``aigc_label`` is none of the three
    :raises AirflowFailException: what no retry mends: the task is lost, the file is no video, the place is wrong
    """

    template_fields: Sequence[str] = (
        "omnihuman_task_id",
        "video_url",
        "request",
        "aigc_meta",
        "s3_key",
        "s3_bucket",
        "done_at",
        "omnihuman_conn_id",
        "aws_conn_id",
    )
    template_fields_renderers = {"request": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#d9f2d9"
    operator_extra_links = (VendorConsoleLink(), ArchivedVideoLink(), ManifestLink())
    linked: LinkedObjects | None = None
    """What the links lead to."""
    signed_fields = ("video_url", "request")
    archives = True

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
        aigc_label: str = "warn",
        emit_asset_event: bool = True,
        done_at: float | str | XComArg | None = None,
        omnihuman_conn_id: str = OMNIHUMAN_CONN_ID,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        kwargs["outlets"] = outlets_of(kwargs.get("outlets"), emit_asset_event=emit_asset_event)
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
        self.label_policy = LabelPolicy.of(aigc_label)
        self.aigc_label = aigc_label
        self.emit_asset_event = emit_asset_event
        self.done_at = done_at
        self.omnihuman_conn_id = omnihuman_conn_id
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Archive; return the facts."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        with raising_airflow_errors():
            asked = request_facts(self.request)
            aigc_meta = aigc_meta_of(self.aigc_meta) or aigc_meta_of(asked.get("aigc_meta"))
            asked = {**asked, "aigc_meta": aigc_meta.to_dict() if aigc_meta else None}
            self.rendered = {**asked, "task_id": asked.get("task_id") or self.omnihuman_task_id}
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            reused = bool(asked.get("reused"))
            location, manifest = (self._reuse if reused else self._archive)(hook, asked, context)
            self.linked = LinkedObjects(hook=hook, uris={"video": location.uri, "manifest": location.sibling(".json").uri})
            return self._emit(context, location, manifest, reused=reused)

    @cached_property
    def hook(self) -> OmniHumanHook:
        """The hook to the service; a video that is reused needs none."""
        from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

        return OmniHumanHook(self.omnihuman_conn_id)

    @cached_property
    def patience(self) -> Patience:
        """How long the download is tried for."""
        from airflow_provider_omnihuman.api.download import PATIENCE

        return PATIENCE

    def _archive(self, hook: S3Hook, asked: dict[str, Any], context: Context) -> tuple[S3Location, dict[str, Any]]:
        """Bring the video from the service; return its place and its manifest."""
        from airflow_provider_omnihuman.api.cost import Price
        from airflow_provider_omnihuman.api.urls import check_media_url
        from airflow_provider_omnihuman.archive.delivery import warn_if_late
        from airflow_provider_omnihuman.archive.index import write_index
        from airflow_provider_omnihuman.archive.inspection import inspect_video
        from airflow_provider_omnihuman.archive.objects import with_metadata
        from airflow_provider_omnihuman.archive.protection import mark_of, refuse_what_is_there
        from airflow_provider_omnihuman.archive.telling import archived_text
        from airflow_provider_omnihuman.archive.transfer import download_to_s3
        from airflow_provider_omnihuman.archive.writing import write_down
        from airflow_provider_omnihuman.media.aigc_label import label_differences
        from airflow_provider_omnihuman.observability.archives import count_archive

        task_id = optional_text(self.omnihuman_task_id, field="omnihuman_task_id") or asked.get("task_id")
        location = self._location(hook, context, asked, task_id=task_id)
        if not self.replace:
            refuse_what_is_there(hook, location, task_id=task_id)
        done_at = done_at_of(self.done_at, asked, log=self.log)
        warn_if_late(done_at, now=time.time())
        self._abort_orphans(hook, location, context)
        delivery = self._delivery(asked, task_id=task_id, done_at=done_at) if task_id else None
        started = time.monotonic()
        stored, inspection = download_to_s3(
            delivery.fresh_url() if delivery else check_media_url(self.video_url, field="video_url"),
            hook.get_conn(),
            location,
            verify=lambda file: inspect_video(file, audio_s=asked.get("audio_duration_s") if self.verify_duration else None),
            extra_args={"ContentType": "video/mp4", **with_metadata(hook.extra_args, mark_of(task_id))},
            fresh_url=delivery.fresh_url if delivery else None,
            patience=self.patience,
        )
        took_s = time.monotonic() - started
        billed = (self.hook.price if delivery else Price()).billed(inspection.video.duration_s)
        self.log.info("%s", archived_text(location.uri, size=stored.bytes, took_s=took_s, billed=billed))
        count_archive(size=stored.bytes, took_s=took_s, dag_id=context["ti"].dag_id)
        video = delivery.video if delivery else None
        manifest = write_down(
            hook,
            inspection,
            stored=stored,
            location=location,
            poster=location.sibling(".jpg"),
            video=video,
            request=asked,
            airflow=task_facts(context),
            label_differences=label_differences(asked["aigc_meta"], inspection.label),
            done_at=done_at,
            billed=billed,
        )
        self.label_policy.apply(
            manifest["aigc_label"]["differences"],
            uri=location.uri,
            may_be_tagged_yet=video is not None and video.aigc_meta_tagged is not True,
            advice="the service was asked for it with aigc_meta; aigc_label='warn' takes the video as it is",
        )
        if index := asked.get("archive_index"):
            write_index(hook, index, manifest)
        return location, manifest

    def _reuse(self, hook: S3Hook, asked: dict[str, Any], context: Context) -> tuple[S3Location, dict[str, Any]]:
        """Take the video that is in the archive already; return its place and its manifest."""
        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.archive.protection import mark_of, refuse_what_is_there
        from airflow_provider_omnihuman.archive.reading import recorded_differences
        from airflow_provider_omnihuman.archive.reuse import archived_at, copy_archive, read_reused

        manifest = read_reused(hook, asked["reused"], archive_index=asked.get("archive_index"))
        source, task_id = S3Location.from_uri(manifest["video"]["uri"], field="video.uri"), manifest.get("task_id")
        wanted = optional_text(self.s3_key, field="s3_key")
        location = self._location(hook, context, asked, task_id=task_id) if wanted else source
        if location != source:
            copy = archived_at(hook, location, manifest)
            if copy is None:
                if not self.replace:
                    refuse_what_is_there(hook, location, task_id=task_id)
                copy = copy_archive(hook, manifest, location, airflow=task_facts(context), metadata=mark_of(task_id))
            manifest = copy
        self.log.info("Nothing was rendered: %s was archived before and is used again", location.uri)
        self.label_policy.apply(
            recorded_differences(manifest, asked=asked["aigc_meta"]),
            uri=location.uri,
            may_be_tagged_yet=False,
            advice="render it anew with reuse_archived=False; aigc_label='warn' takes the video as it is",
        )
        return location, manifest

    def _location(self, hook: S3Hook, context: Context, asked: dict[str, Any], *, task_id: str | None) -> S3Location:
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.archive.protection import refuse_inputs

        location = locate(
            hook,
            bucket=optional_text(self.s3_bucket, field="s3_bucket"),
            key=optional_text(self.s3_key, field="s3_key"),
            context=context,
            filename=f"{task_id or 'video'}.mp4",
        )
        refuse_inputs(location, asked)
        return location

    def _abort_orphans(self, hook: S3Hook, location: S3Location, context: Context) -> None:
        """Abort the upload of an earlier try whose worker was killed; a first try has none."""
        from airflow_provider_omnihuman.archive.orphans import abort_orphaned_uploads

        ti = context["ti"]
        if ti.try_number > 1:
            abort_orphaned_uploads(hook.get_conn(), location, before=getattr(ti, "start_date", None) or datetime.now(UTC))

    def _delivery(self, asked: dict[str, Any], *, task_id: str, done_at: float | None) -> Delivery:
        from airflow_provider_omnihuman.archive.delivery import Delivery

        aigc_meta = aigc_meta_of(asked["aigc_meta"])
        return Delivery(self.hook, task_id, aigc_meta=aigc_meta, done_at=done_at)

    def _emit(self, context: Context, location: S3Location, manifest: dict[str, Any], *, reused: bool) -> dict[str, Any]:
        """Emit the asset event; return the facts that it carries."""
        from airflow_provider_omnihuman.archive.reading import archive_facts

        self.archived = facts = archive_facts(manifest, reused=reused)
        emit_asset_events(context, self.outlets, location, facts=facts)
        return facts
