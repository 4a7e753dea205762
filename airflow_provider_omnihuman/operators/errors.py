"""The one place where our errors become Airflow's: what a retry cannot mend fails the task at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.speech.errors import SpeechError

__all__ = ["raising_airflow_errors"]


@contextmanager
def raising_airflow_errors() -> Iterator[None]:
    """Turn each error whose ``retryable`` is false into ``AirflowFailException``; let the others use the task's retries.

    :raises AirflowFailException: with the code, message, request id and advice of the original, which is its cause
    """
    try:
        yield
    except (OmniHumanError, SpeechError, MediaError) as error:
        if error.retryable:
            raise
        raise AirflowFailException(str(error)) from error
