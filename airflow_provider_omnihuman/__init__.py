"""Apache Airflow provider for Volcengine OmniHuman 1.5: scripts become talking-avatar videos, archived in S3."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "get_provider_info"]


def get_provider_info() -> dict[str, Any]:
    """Tell Airflow what this provider adds (the ``apache_airflow_provider`` entry point)."""
    from airflow_provider_omnihuman import provider_info

    return provider_info.get_provider_info(__version__)
