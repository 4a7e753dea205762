"""Counts what submits cost, and what was spared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow_provider_omnihuman.api.errors import SubmitOutcomeUnknownError
from airflow_provider_omnihuman.observability import catalogue
from airflow_provider_omnihuman.observability.meter import Meter

__all__ = ["count_reuse", "counting_submit"]


@contextmanager
def counting_submit(meter: Meter, facts: Mapping[str, Any], *, refused_since: float | None) -> Iterator[None]:
    """Count what a submit costs, once it is accepted and the ledger knows of it; count one whose reply was lost.

    :param meter: with ``conn_id``, ``site`` and ``dag_id``
    :param facts: of the request
    :param refused_since: when a limit first refused it, epoch seconds; None where none did
    """
    try:
        yield
    except SubmitOutcomeUnknownError:
        meter.count(catalogue.SUBMITS_LOST)
        raise
    meter.count(catalogue.BILLED_SECONDS, facts.get("audio_duration_s") or 0)
    if cost := facts.get("estimated_cost"):
        meter.count(catalogue.BILLED_COST, cost["amount"], currency=cost["currency"])
    if refused_since is not None:
        meter.time(catalogue.QUOTA_TIME, time.time() - refused_since)


def count_reuse(meter: Meter, facts: Mapping[str, Any]) -> None:
    """Count a job that need not be submitted.

    :param meter: with ``conn_id``, ``site`` and ``dag_id``
    :param facts: of the job that is used again
    """
    meter.count(catalogue.REUSES, source="archive" if "reused" in facts else "ledger")
