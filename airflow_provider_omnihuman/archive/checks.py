"""What a quality check found, written into the manifest of the archived video."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.archive.errors import refused_by_s3
from airflow_provider_omnihuman.archive.kept_manifest import kept_manifest
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.manifest import manifest_json
from airflow_provider_omnihuman.archive.objects import put_object

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["record_checks"]

log = logging.getLogger(__name__)


def record_checks(hook: S3Hook, video: S3Location, *, sha256: str, found: Mapping[str, Any], airflow: Mapping[str, Any]) -> bool:
    """Write into the manifest beside a video what was found in it; return whether that was done.

    Neither the video nor anything else in the manifest changes, and the index by which videos are found again is another
    document. The film is checked by now, so nothing may fail here: what does is told.

    :param hook: to S3, with the extra arguments for the object
    :param video: its place
    :param sha256: of the bytes that were checked: a manifest of other bytes, of a video that has come since, is left alone
    :param found: as the operator returns it
    :param airflow: which task has checked
    """
    place = video.sibling(".json")
    try:
        manifest = kept_manifest(hook, video)  # read again, right before it is written
        if manifest is None:
            return False
        if manifest["video"]["sha256"] != sha256:
            log.warning("%s is of other bytes than were checked, and is left as it is", place.uri)
            return False
        checks = {
            "passed": found["passed"],
            "checked_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "results": found["checks"],
            "airflow": dict(airflow),
        }
        put_object(hook, place, manifest_json({**manifest, "checks": checks}), content_type="application/json")
    except Exception as error:  # noqa: BLE001 - whatever S3 has against it
        log.warning("The findings are not in the manifest %s: %s", place.uri, refused_by_s3(error) or scrub(str(error)))
        return False
    return True
