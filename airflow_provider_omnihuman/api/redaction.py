"""Keeps the queries of URLs out of the HTTP library's own logs.

``httpx`` writes each whole URL at INFO, signatures and all; ``httpcore``, below it, writes reply headers at DEBUG, and so
the target of a redirect.
"""

from __future__ import annotations

import logging

from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["WithoutQueries", "redact_http_log"]

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
"""By name, since a logger's filter does not see what its children log."""


class WithoutQueries(logging.Filter):
    """Lets every record through, its URLs without their queries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Strip the record's text."""
        record.msg, record.args = scrub(record.getMessage()), ()
        return True


def redact_http_log() -> None:
    """Put the filter on the HTTP library's loggers, once."""
    for logger in map(logging.getLogger, _LOGGERS):
        if not any(isinstance(item, WithoutQueries) for item in logger.filters):
            logger.addFilter(WithoutQueries())
