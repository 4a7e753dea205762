"""What Airflow must know about the provider. Light: Airflow reads it at every start of every component."""

from __future__ import annotations

from typing import Any

from airflow_provider_omnihuman.connection_forms import CONNECTION_FORMS, provider_metadata

INTEGRATION = "OmniHuman"
PACKAGE = "airflow_provider_omnihuman"
EXTRA_LINKS = (
    "s3_objects.ArchivedVideoLink",
    "s3_objects.CaptionedVideoLink",
    "s3_objects.CaptionsLink",
    "s3_objects.LargestMaskLink",
    "s3_objects.ManifestLink",
    "s3_objects.PublishedVideoLink",
    "s3_objects.ReportLink",
    "s3_objects.SpokenAudioLink",
    "s3_objects.WhoIsWhoLink",
    "vendor_console.VendorConsoleLink",
)
CONFIG = {
    "omnihuman": {
        "description": "Settings of the OmniHuman provider.",
        "options": {
            "presenters_path": {
                "description": (
                    "The folder of presenters, in S3 or a path on every worker, where a task names none. By default "
                    "``presenters`` beside the Dag file."
                ),
                "version_added": "0.2.0",
                "type": "string",
                "example": "s3://my-bucket/presenters/",
                "default": None,
            }
        },
    }
}
"""Airflow's options."""


def get_provider_info(version: str) -> dict[str, Any]:
    """Return the provider metadata that Airflow's ``provider_info.schema.json`` describes."""
    return {
        "package-name": "airflow-provider-omnihuman",
        "name": "OmniHuman",
        "description": "Talking-avatar videos by Volcengine OmniHuman 1.5: submit, wait, archive in S3.",
        "versions": [version],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://www.volcengine.com/docs/6444/1390583",
                "tags": ["service"],
            }
        ],
        "hooks": [
            {
                "integration-name": INTEGRATION,
                "python-modules": [f"{PACKAGE}.hooks.omnihuman", f"{PACKAGE}.hooks.doubao_speech"],
            }
        ],
        "operators": [
            {
                "integration-name": INTEGRATION,
                "python-modules": [
                    f"{PACKAGE}.operators.{name}"
                    for name in (
                        "submit",
                        "video",
                        "archive",
                        "subjects",
                        "speech",
                        "captions",
                        "publish",
                        "review",
                        "still_video",
                        "batch",
                        "batch_report",
                        "check",
                        "split_audio",
                        "join_videos",
                        "dialogue",
                        "presenter_seed",
                    )
                ],
            }
        ],
        "sensors": [{"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.sensors.task"]}],
        "triggers": [
            {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.triggers.task", f"{PACKAGE}.triggers.pause"]}
        ],
        "extra-links": [f"{PACKAGE}.links.{name}" for name in EXTRA_LINKS],
        "config": CONFIG,
        "cli": [f"{PACKAGE}.cli.definition.get_omnihuman_cli_commands"],
        "task-decorators": [{"name": "omnihuman", "class-name": f"{PACKAGE}.decorators.video.omnihuman_task"}],
        "connection-types": [provider_metadata(conn_type) for conn_type in CONNECTION_FORMS],
    }
