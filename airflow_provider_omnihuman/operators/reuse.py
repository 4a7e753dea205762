"""Finds a video that the archive holds already, so that it need not be rendered, and paid for, again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.models import AigcMeta
from airflow_provider_omnihuman.archive.index import find_archived, index_location
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.reading import reused_facts

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["ArchivedVideos"]


@dataclass(kw_only=True)
class ArchivedVideos:
    """What ``OmniHumanToS3Operator`` has noted in the index.

    :param aws_conn_id: the connection to S3
    :param index: ``s3://bucket/prefix/`` of the index; None for its default place
    """

    aws_conn_id: str | None
    index: str | None

    def location(self, fingerprint: str) -> S3Location | None:
        """Return where a video of this fingerprint is noted; None where there is no place to look."""
        return index_location(self.hook, index=self.index, fingerprint=fingerprint)

    def find(self, fingerprint: str, *, aigc_meta: AigcMeta | None) -> dict[str, Any] | None:
        """Return the facts of the archived video, verified by size and checksum; None where there is none.

        :param fingerprint: of the request
        :param aigc_meta: the label that the video must have been asked with
        :return: ``task_id``, ``audio_duration_s`` and ``reused``, as they go into the request's facts
        """
        location = self.location(fingerprint)
        manifest = location and find_archived(self.hook, location, fingerprint=fingerprint, aigc_meta=aigc_meta)
        if not manifest:
            return None
        request = manifest.get("request")
        audio_s = request.get("audio_duration_s") if isinstance(request, dict) else None
        return {"task_id": manifest.get("task_id") or "", "audio_duration_s": audio_s, "reused": reused_facts(manifest)}

    @cached_property
    def hook(self) -> S3Hook:
        """The hook to the archive."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        return S3Hook(aws_conn_id=self.aws_conn_id)
