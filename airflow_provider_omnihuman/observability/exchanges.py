"""Counts what became of each request to the service."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_omnihuman.api.error_codes import BUSINESS_CODES, GATEWAY_CODES
from airflow_provider_omnihuman.api.errors import MalformedReplyError, OmniHumanError
from airflow_provider_omnihuman.api.exchange import Exchange
from airflow_provider_omnihuman.api.gates import Lane
from airflow_provider_omnihuman.observability import catalogue
from airflow_provider_omnihuman.observability.meter import Meter

__all__ = ["counting"]

_POLL = "CVGetResult"
_DIGITS = 5
"""Of a business code; one that is not documented may be new, and is worth a series."""


def counting(meter: Meter) -> Callable[[Exchange], None]:
    """Return a listener for a client.

    :param meter: with ``conn_id`` and ``site``
    """

    def heard(exchange: Exchange) -> None:
        error = exchange.error
        if exchange.action == _POLL:
            meter.count(catalogue.POLLS)
        if error is None:
            if exchange.lane is Lane.SUBMIT:
                meter.count(catalogue.SUBMITS)
            return
        if error.code:
            meter.count(catalogue.REJECTS, action=exchange.action, code=_bounded(error.code))
        if error.retryable and exchange.lane is not Lane.SUBMIT:
            meter.count(catalogue.FAULTS, fault=_fault(error))

    return heard


def _fault(error: OmniHumanError) -> str:
    if error.code:
        return _bounded(error.code)
    return "malformed" if isinstance(error, MalformedReplyError) else "transport"


def _bounded(code: str) -> str:
    """Return the code, or what stands for all that anybody could make up."""
    is_known = code in BUSINESS_CODES or code in GATEWAY_CODES or (code.isascii() and code.isdigit() and len(code) == _DIGITS)
    return code if is_known else "undocumented"
