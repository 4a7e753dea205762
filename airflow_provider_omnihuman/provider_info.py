"""What Airflow must know about the provider. Imports nothing: Airflow reads it at every start."""

from __future__ import annotations

from typing import Any


def get_provider_info(version: str) -> dict[str, Any]:
    """Return the provider metadata that Airflow's ``provider_info.schema.json`` describes."""
    return {
        "package-name": "airflow-provider-omnihuman",
        "name": "OmniHuman",
        "description": "Talking-avatar videos by Volcengine OmniHuman 1.5.",
        "versions": [version],
    }
