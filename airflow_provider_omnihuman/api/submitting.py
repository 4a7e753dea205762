"""The rules of submitting: what is refused before it is sent, which failure leaves the outcome open, when to ask again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from urllib.parse import urlsplit

from airflow_provider_omnihuman.api.error_codes import Kind, lookup
from airflow_provider_omnihuman.api.errors import (
    InvalidRequestError,
    OmniHumanError,
    ServiceError,
    SubmitOutcomeUnknownError,
)
from airflow_provider_omnihuman.api.urls import is_private_host

__all__ = ["check_reach", "gave_up_while_forwarding", "outcome_unknown", "quota_pause_s"]

_FIRST_QUOTA_PAUSE_S = 15.0
_LONGEST_QUOTA_PAUSE_S = 300.0
_BUSINESS_CODE = re.compile(r"\d{5}")
"""As in both tables; the gateway's own numbers have six digits."""


def check_reach(urls: Mapping[str, str], *, endpoint: str) -> None:
    """Refuse inputs that the service cannot reach, before they are paid for: it fetches them from outside.

    :param urls: checked URLs by the name that the message gives them
    :param endpoint: of the service; one on this network (an emulator) reaches what this network reaches
    """
    if is_private_host(endpoint):
        return
    for name, url in urls.items():
        if is_private_host(url):
            raise InvalidRequestError(
                f"{name} points to {urlsplit(url).hostname!r}, which only this network can reach; the service fetches its "
                "inputs from outside: give a public URL, or an s3:// one of a store with a public endpoint"
            )


def gave_up_while_forwarding(error: ServiceError) -> bool:
    """Whether the gateway gave up on a request that the service behind it may have taken.

    A business code is the service's own word, and the reference page promises no task then; a gateway's 5xx is not.
    """
    code = error.code or ""
    return lookup(code, http_status=error.http_status).kind is Kind.INTERNAL and not _BUSINESS_CODE.fullmatch(code)


def outcome_unknown(error: OmniHumanError) -> SubmitOutcomeUnknownError:
    """Return the error for a submit whose reply was lost: only a person can tell whether the job exists."""
    return SubmitOutcomeUnknownError(
        f"the reply to the submit was lost ({error.message})",
        code=error.code,
        request_id=error.request_id,
        logid=error.logid,
        http_status=error.http_status,
        advice=(
            "the job may exist, and be billed. It is not submitted again automatically: look for it in the vendor's "
            "console, then either wait for its task id with OmniHumanTaskSensor, or clear this task to submit anew"
        ),
    )


def quota_pause_s(waited_s: float, *, rng: Random) -> float:
    """Return how long to wait before a submit that a limit refused is made again, in seconds.

    It grows with the time already waited, so that no count needs to be carried along: half as long again, from 15 s
    (Airflow may fail a task that is resumed within seconds) to 5 min, with jitter, so that refused tasks do not come back
    together.

    :param waited_s: since the first refusal
    :param rng: source of jitter
    """
    return min(max(waited_s / 2, _FIRST_QUOTA_PAUSE_S), _LONGEST_QUOTA_PAUSE_S) * rng.uniform(1.0, 1.5)
