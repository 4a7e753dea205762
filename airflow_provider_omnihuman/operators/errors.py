"""The one place where our errors become Airflow's: what a retry of the task cannot mend fails it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.speech.errors import SpeechError

__all__ = ["by_asking_again", "by_submitting_anew", "raising_airflow_errors"]

_Ours: TypeAlias = OmniHumanError | SpeechError | MediaError


def by_asking_again(error: _Ours) -> bool:
    """Whether a task that asks again, and pays nothing for it, may succeed."""
    return error.retryable


def by_submitting_anew(error: _Ours) -> bool:
    """Whether the job is over, and a task that submits (and pays) anew may succeed."""
    return isinstance(error, OmniHumanError) and error.retry is Retry.NEW_SUBMIT


@contextmanager
def raising_airflow_errors(*, mended: Callable[[_Ours], bool] = by_asking_again) -> Iterator[None]:
    """Let errors that a retry of the task may mend through to Airflow's retries; fail the task at once on all others.

    :param mended: whether a retry of this task may mend the error
    :raises AirflowFailException: with code, message, request id and advice of the original, which is its cause
    """
    try:
        yield
    except (OmniHumanError, SpeechError, MediaError) as error:
        if mended(error):
            raise
        raise AirflowFailException(str(error)) from error
