"""Counts what is archived."""

from __future__ import annotations

from airflow_provider_omnihuman.observability import catalogue
from airflow_provider_omnihuman.observability.meter import Meter

__all__ = ["count_archive"]


def count_archive(*, size: int, took_s: float, dag_id: str) -> None:
    """Count a video that was brought into S3.

    :param size: bytes
    :param took_s: from the first byte asked for until it was visible, seconds
    :param dag_id: the Dag that archives it
    """
    meter = Meter.of(dag_id=dag_id)
    meter.count(catalogue.ARCHIVE_VIDEOS)
    meter.count(catalogue.ARCHIVE_BYTES, size)
    meter.time(catalogue.ARCHIVE_TIME, took_s)
