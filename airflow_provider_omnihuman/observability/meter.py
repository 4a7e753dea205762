"""Sends metrics to Airflow's stats; what breaks on the way is logged once and passed over."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Self

from airflow_provider_omnihuman.observability.airflow_stats import airflow_stats, open_stats
from airflow_provider_omnihuman.observability.catalogue import Metric

__all__ = ["Meter"]

log = logging.getLogger(__name__)

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
"""Airflow refuses names that hold anything else, and logs each with a traceback; with InfluxDB's tags, these are in the name."""
_NAME_PART = re.compile(r"[^A-Za-z0-9_-]")
"""A dot would make two parts of one."""
_LONGEST = 60
"""Of a tag; Airflow refuses names of more than 250 characters."""
_told: set[str] = set()


class Meter:
    """Counts and times with the same tags throughout.

    :param tags: as the metrics in question have them
    """

    __slots__ = ("_tags",)

    def __init__(self, tags: dict[str, str]) -> None:
        self._tags = tags

    @classmethod
    def of(cls, **tags: str) -> Self:
        """Return a meter, once the stats are open: not to be called on an event loop.

        :param tags: such as ``conn_id`` and ``site``
        """
        open_stats()
        return cls({name: _clean(value) for name, value in tags.items()})

    def tagged(self, **tags: str) -> Meter:
        """Return a meter with further tags."""
        return Meter({**self._tags, **{name: _clean(value) for name, value in tags.items()}})

    def count(self, metric: Metric, value: float = 1, **tags: str) -> None:
        """Add to a counter.

        :param metric: of the catalogue
        :param value: how much; nothing is sent for zero, for less, and for what is no number
        :param tags: further ones
        """
        try:
            if 0 < value < math.inf:
                self._send(metric, partial(airflow_stats().incr, count=value), tags)
        except Exception as error:  # noqa: BLE001 - whatever the backend raises, a render is worth more than its metric
            _tell_once(error)

    def time(self, metric: Metric, seconds: float, **tags: str) -> None:
        """Tell how long something took. Arguments as of :meth:`count`; clocks of two machines may make it less than zero."""
        try:
            if -math.inf < seconds < math.inf:
                self._send(metric, partial(airflow_stats().timing, dt=timedelta(seconds=max(0.0, seconds))), tags)
        except Exception as error:  # noqa: BLE001 - as above
            _tell_once(error)

    def _send(self, metric: Metric, send: Callable[..., Any], more: dict[str, str]) -> None:
        tags = {**self._tags, **{name: _clean(value) for name, value in more.items()}} if more else self._tags
        send(metric.full_name, tags=tags)
        if metric.named_by:
            send(f"{metric.full_name}.{_NAME_PART.sub('_', tags[metric.named_by])}", tags=tags)


def _clean(value: str) -> str:
    return _UNSAFE.sub("_", value)[:_LONGEST] or "none"


def _tell_once(error: Exception) -> None:
    kind = type(error).__name__
    if kind not in _told:
        _told.add(kind)
        log.warning("A metric could not be sent; more like it are passed over in silence: %s: %s", kind, str(error)[:200])
