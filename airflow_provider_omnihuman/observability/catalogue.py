"""Every metric of this package, as data: its name, kind and tags."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["METRICS", "Kind", "Metric"]  # and each metric, under its own name

_PREFIX = "omnihuman."


class Kind(StrEnum):
    """How it is counted."""

    COUNTER = "counter"
    TIMER = "timer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    StatsD without tags drops them all, so the tag that matters most is also told in a second name, as Airflow does it with its
    own metrics: ``omnihuman.rejects`` and ``omnihuman.rejects.50430``.

    :param name: without the prefix
    :param kind: counter or timer
    :param unit: of its values
    :param tags: what it can be told apart by
    :param named_by: the tag that also ends a name of its own
    """

    name: str
    kind: Kind
    unit: str
    tags: tuple[str, ...]
    named_by: str | None = None

    @property
    def full_name(self) -> str:
        """The name, as Airflow's stats are given it; theirs comes before it, by default ``airflow.``."""
        return _PREFIX + self.name


def _counter(name: str, *tags: str, unit: str, named_by: str | None = None) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, unit=unit, tags=tags, named_by=named_by)


def _timer(name: str, *tags: str) -> Metric:
    return Metric(name=name, kind=Kind.TIMER, unit="milliseconds", tags=tags)


# No task ids and no run ids among the tags: each would be a series of its own, for ever.
SUBMITS = _counter("submits", "conn_id", "site", unit="jobs")
SUBMITS_LOST = _counter("submits_lost", "conn_id", "site", "dag_id", unit="submits")
REUSES = _counter("reuses", "conn_id", "site", "dag_id", "source", unit="jobs", named_by="source")
REJECTS = _counter("rejects", "conn_id", "site", "action", "code", unit="replies", named_by="code")
BILLED_SECONDS = _counter("billed_seconds", "conn_id", "site", "dag_id", unit="seconds")
BILLED_COST = _counter("billed_cost", "conn_id", "site", "dag_id", "currency", unit="of the currency", named_by="currency")
QUOTA_PAUSES = _counter("quota_pauses", "conn_id", "site", "dag_id", unit="pauses")
QUOTA_TIME = _timer("quota_time", "conn_id", "site", "dag_id")
POLLS = _counter("polls", "conn_id", "site", unit="requests")
FAULTS = _counter("faults", "conn_id", "site", "fault", unit="requests", named_by="fault")
WAITS = _counter("waits", "conn_id", "site", "outcome", unit="waits", named_by="outcome")
WAIT_TIME = _timer("wait_time", "conn_id", "site")
QUEUE_TIME = _timer("queue_time", "conn_id", "site")
DETECTION_DELAY = _timer("detection_delay", "conn_id", "site")
ARCHIVE_VIDEOS = _counter("archive.videos", "dag_id", unit="videos")
ARCHIVE_BYTES = _counter("archive.bytes", "dag_id", unit="bytes")
ARCHIVE_TIME = _timer("archive.time", "dag_id")

METRICS = tuple(value for value in globals().copy().values() if isinstance(value, Metric))
"""All of them."""
