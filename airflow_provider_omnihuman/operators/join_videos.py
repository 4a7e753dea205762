"""Join clips into one archived film."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.observability.lineage_source import LineageSource
from airflow_provider_omnihuman.operators.archive_inputs import task_facts
from airflow_provider_omnihuman.operators.asset_events import emit_asset_events, outlets_of
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["JoinVideosOperator"]


class JoinVideosOperator(LineageSource, SignedUrlsMasked):
    """Join archived clips into one film in S3, with a manifest and a poster beside it.

    Not a bit of the pictures changes where all clips are encoded alike, as those of one portrait and resolution are; otherwise
    they are encoded anew, and log, manifest and XCom say why. Each clip begins exactly when those before it are over: its last
    picture is held where its pictures end early, and in pauses; pictures that would be shown after that are left out. The sound
    is encoded once as a whole, so that no joint can be heard. The implicit AIGC label of the clips is carried over.

    Nothing is rendered here, and nothing is paid for. The worker needs disk for all clips, the soundtrack and the film.

    XCom: the return value is that of ``OmniHumanToS3Operator``, ``{uri, manifest_uri, poster_uri, task_id, fingerprint, bytes,
    sha256, duration_s, width, height, fps, aigc_label_found, reused, billed_seconds, cost}``, where ``task_id`` and
    ``fingerprint`` are None, and ``billed_seconds`` and ``cost`` the sums of what is known of the clips; and ``clips``, their
    URIs, ``reencoded``, and ``reason``, None where the pictures were copied. The asset event is that operator's, too.

    :param videos: the clips in their order: archive facts or ``s3://`` URIs. The output of a mapped ``OmniHumanToS3Operator`` is
        such a list (templated)
    :param durations: how long each clip stands in the film, seconds: the lengths of their audios, as numbers, or as
        ``SplitAudioOperator`` and ``TextToSpeechOperator`` return them. By default the lengths of the clips; with one soundtrack
        for the film, those of the audios that their manifests tell (templated)
    :param pause: silence between the clips, seconds; or a list, one for each clip (templated)
    :param soundtrack: one audio for the whole film, such as the one that was split; or a list, one for each clip. An ``s3://`` or
        http(s) URL each. By default the clips' own sound (templated)
    :param aigc_meta: the implicit AIGC label of the film; by default the clips' own, the first readable one's where
        they differ (templated)
    :param s3_key: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>[/<map_index>]/film.mp4`` (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param replace: write over an object that is there already; the same film, of an earlier try, always is
    :param s3_extra_args: for the objects written, such as ``{"ServerSideEncryption": "aws:kms"}``
    :param emit_asset_event: False for a film that nobody else is to hear of
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: what no retry mends: a clip is missing or damaged, lengths that do not fit together
    """

    template_fields: Sequence[str] = (
        "videos",
        "durations",
        "pause",
        "soundtrack",
        "aigc_meta",
        "s3_key",
        "s3_bucket",
        "aws_conn_id",
    )
    template_fields_renderers = {"videos": "json", "durations": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#d9f2d9"
    operator_extra_links = (ArchivedVideoLink(), ManifestLink())
    linked: LinkedObjects | None = None
    """What the links lead to."""
    signed_fields = ("soundtrack",)
    made_of: Sequence[str] = ()
    """URLs of the clips and their sounds, as far as they are known."""

    def __init__(
        self,
        *,
        videos: Sequence[dict[str, Any] | str] | str | XComArg,
        durations: Sequence[float | dict[str, Any] | None] | str | XComArg | None = None,
        pause: float | str | Sequence[float] | XComArg = 0.0,
        soundtrack: str | Sequence[str | None] | XComArg | None = None,
        aigc_meta: dict[str, str] | str | None = None,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        replace: bool = True,
        s3_extra_args: dict[str, Any] | None = None,
        emit_asset_event: bool = True,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        kwargs["outlets"] = outlets_of(kwargs.get("outlets"), emit_asset_event=emit_asset_event)
        super().__init__(**kwargs)
        self.videos = videos
        self.durations = durations
        self.pause = pause
        self.soundtrack = soundtrack
        self.aigc_meta = aigc_meta
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.replace = replace
        self.s3_extra_args = s3_extra_args
        self.emit_asset_event = emit_asset_event
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Join; return the film's facts."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.reading import archive_facts
        from airflow_provider_omnihuman.operators.join_inputs import videos_of

        with raising_airflow_errors():
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            clips = videos_of(self.videos, hook=hook)
            location, manifest = self._join(hook, clips, context)
            self.linked = LinkedObjects(hook=hook, uris={"video": location.uri, "manifest": location.sibling(".json").uri})
            told = {
                "clips": [clip["uri"] for clip in clips],
                **{name: manifest["joined"][name] for name in ("reencoded", "reason")},
            }
            self.archived = facts = {**archive_facts(manifest, reused=False), **told}
            emit_asset_events(context, self.outlets, location, facts=facts)
            return facts

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002 - given
        """Return the clips and sounds, and the film."""
        from airflow_provider_omnihuman.observability.lineage import film_lineage

        return film_lineage(self.made_of, archived=self.archived)

    def _join(self, hook: S3Hook, clips: list[dict[str, Any]], context: Context) -> tuple[S3Location, dict[str, Any]]:
        """Join the clips, and archive the film; return its place and its manifest."""
        from airflow_provider_omnihuman.api.urls import without_signature
        from airflow_provider_omnihuman.archive.film import archive_film, fetch_clips, label_for, mark_of_film
        from airflow_provider_omnihuman.archive.protection import refuse_what_is_there
        from airflow_provider_omnihuman.media.joining import Clip, join_videos
        from airflow_provider_omnihuman.operators.join_inputs import fetch_sounds, lengths_of, pauses_of, soundtrack_of

        soundtrack = soundtrack_of(self.soundtrack, clips=len(clips))
        sounds = soundtrack if isinstance(soundtrack, list) else [soundtrack]
        self.made_of = [*(clip["uri"] for clip in clips), *filter(None, sounds)]
        pauses = pauses_of(self.pause, clips=len(clips))
        lengths = lengths_of(self.durations, clips, soundtrack=soundtrack, hook=hook)
        label = aigc_meta_of(self.aigc_meta)
        asked: dict[str, Any] = {"aigc_meta": label.to_dict() if label else None, "audio_url": soundtrack}
        location = self._location(hook, context, clips, sounds)
        with tempfile.TemporaryDirectory(prefix="omnihuman-join-") as name:
            folder, film = Path(name), Path(name) / "film.mp4"
            fetched = fetch_clips(hook, clips, folder)
            # A signature is another one in each try.
            heard = [without_signature(sound) if sound else None for sound in sounds]
            mark = mark_of_film([clip.sha256 for clip in fetched], lengths, pauses, {**asked, "audio_url": heard})
            if not self.replace:
                refuse_what_is_there(hook, location, task_id=mark)
            self._abort_orphans(hook, location, context)
            joined = join_videos(
                [Clip(clip.path, length, pause) for clip, length, pause in zip(fetched, lengths, pauses, strict=True)],
                film,
                soundtrack=fetch_sounds(hook, soundtrack, folder),
                label=label_for(fetched, asked["aigc_meta"]),
            )
            if joined.label_note:
                self.log.warning("AIGC label: %s", joined.label_note)
            made_by = task_facts(context)
            return location, archive_film(
                hook, film, joined, clips=fetched, location=location, mark=mark, request=asked, airflow=made_by
            )

    def _location(self, hook: S3Hook, context: Context, clips: list[dict[str, Any]], sounds: Sequence[str | None]) -> S3Location:
        """Return where the film goes; what is wrong with the place is told before anything is downloaded."""
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.archive.protection import refuse_inputs
        from airflow_provider_omnihuman.operators.destination import check_bucket

        location = locate(
            hook,
            bucket=optional_text(self.s3_bucket, field="s3_bucket"),
            key=optional_text(self.s3_key, field="s3_key"),
            context=context,
            filename="film.mp4",
        )
        for sound in sounds:
            refuse_inputs(location, {"audio_url": sound})
        for clip in clips:
            for name in ("uri", "manifest_uri", "poster_uri"):
                refuse_inputs(location, {"image_url": clip.get(name)})
        check_bucket(hook, location)
        return location

    def _abort_orphans(self, hook: S3Hook, location: S3Location, context: Context) -> None:
        """Abort the upload of an earlier try whose worker was killed; a first try has none."""
        from airflow_provider_omnihuman.archive.orphans import abort_orphaned_uploads

        ti = context["ti"]
        if ti.try_number > 1:
            abort_orphaned_uploads(hook.get_conn(), location, before=getattr(ti, "start_date", None) or datetime.now(UTC))
