"""Keeps the queries of URLs out of the HTTP library's own logs, and a line per poll out of a task's log.

``httpx`` writes each whole URL at INFO, signatures and all; ``httpcore``, below it, writes reply headers at DEBUG, and so
the target of a redirect.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["WithoutQueries", "quiet_http_log", "redact_http_log"]

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
"""By name, since a logger's filter does not see what its children log."""

_quiet: ContextVar[bool] = ContextVar("omnihuman_quiet_http_log", default=False)


class WithoutQueries(logging.Filter):
    """Lets every record through, its URLs without their queries; but for the line per request, inside :func:`quiet_http_log`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Strip the record's text."""
        if _quiet.get() and record.levelno <= logging.INFO and not logging.getLogger(record.name).isEnabledFor(logging.DEBUG):
            return False
        record.msg, record.args = scrub(record.getMessage()), ()
        return True


def redact_http_log() -> None:
    """Put the filter on the HTTP library's loggers, once."""
    for logger in map(logging.getLogger, _LOGGERS):
        if not any(isinstance(item, WithoutQueries) for item in logger.filters):
            logger.addFilter(WithoutQueries())


@contextmanager
def quiet_http_log() -> Iterator[None]:
    """Leave out the line that ``httpx`` writes at INFO for each request, unless it is set to DEBUG: waits make hundreds."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)
