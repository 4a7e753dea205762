"""Keeps the queries of URLs out of the HTTP library's own log: it writes each whole URL at INFO, signatures and all."""

from __future__ import annotations

import logging

import httpx

from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["WithoutQueries", "redact_http_log"]


class WithoutQueries(logging.Filter):
    """Lets every record through, its URLs without their queries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Strip the record's arguments."""
        if isinstance(record.args, tuple):
            record.args = tuple(scrub(str(arg)) if isinstance(arg, (httpx.URL, str)) else arg for arg in record.args)
        return True


def redact_http_log() -> None:
    """Put the filter on the HTTP library's logger, once."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(item, WithoutQueries) for item in logger.filters):
        logger.addFilter(WithoutQueries())
