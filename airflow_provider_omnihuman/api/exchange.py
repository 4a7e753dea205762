"""One request and what became of it, as whoever counts or slows down requests is told."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from airflow_provider_omnihuman.api.error_codes import CONCURRENCY_LIMIT
from airflow_provider_omnihuman.api.errors import MalformedReplyError, OmniHumanError, QuotaError
from airflow_provider_omnihuman.api.gates import Lane

__all__ = ["Exchange"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was answered, or was not.

    :param action: the ``Action`` of the API, such as ``CVGetResult``
    :param lane: whether it starts a render, which is billed
    :param error: why there is no usable answer; None where there is one
    """

    action: str
    lane: Lane
    error: OmniHumanError | None = None

    @property
    def is_refused_for_its_rate(self) -> bool:
        """Whether the next requests had better come slower. A gateway may say so in HTML."""
        error = self.error
        if not isinstance(error, QuotaError | MalformedReplyError):
            return False
        # No slower asking mends the limit of jobs at once.
        return error.http_status == httpx.codes.TOO_MANY_REQUESTS and error.code != CONCURRENCY_LIMIT
