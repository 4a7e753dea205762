"""What is put beside an archived video: its poster, and last of all its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.inspection import Inspection
from airflow_provider_omnihuman.archive.manifest import build_manifest, manifest_json
from airflow_provider_omnihuman.archive.objects import put_object

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["write_down"]


def write_down(hook: S3Hook, inspection: Inspection, **facts: Any) -> dict[str, Any]:
    """Put poster and manifest beside the video; return the manifest.

    :param hook: to S3
    :param inspection: what was found in the video
    :param facts: the other arguments of :func:`build_manifest`
    """
    manifest = build_manifest(inspection=inspection, **facts)
    put_object(hook, facts["poster"], inspection.poster, content_type="image/jpeg")
    # Last: a manifest says that everything it names is there.
    put_object(hook, facts["location"].sibling(".json"), manifest_json(manifest), content_type="application/json")
    return manifest
