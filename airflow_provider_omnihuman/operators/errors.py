"""The one place where our errors become Airflow's: what a retry of the task cannot mend fails it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError, WaitTimeoutError
from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.archive.errors import refused_by_s3
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.speech.errors import SpeechError

__all__ = ["by_asking_again", "by_coming_back", "by_submitting_anew", "raising_airflow_errors", "without_a_second_submit"]

_Ours: TypeAlias = OmniHumanError | SpeechError | MediaError


def by_asking_again(error: _Ours) -> bool:
    """Whether a task that asks again, and pays nothing for it, may succeed."""
    return error.retryable


def by_submitting_anew(error: _Ours) -> bool:
    """Whether the job is over, and a task that submits (and pays) anew may succeed."""
    return isinstance(error, OmniHumanError) and error.retry is Retry.NEW_SUBMIT


def by_coming_back(error: _Ours) -> bool:
    """Whether a retry may succeed that finds its job again in the ledger, and submits anew only where that job is over."""
    return isinstance(error, WaitTimeoutError) or by_asking_again(error) or by_submitting_anew(error)


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
    except Exception as error:
        if refusal := refused_by_s3(error):
            raise AirflowFailException(str(refusal)) from error
        raise


@contextmanager
def without_a_second_submit(task_id: str | None = None) -> Iterator[None]:
    """Fail the task on what is no error of ours: Airflow would retry it, and the retry would submit, and pay, again.

    Around the submit, that is ``execution_timeout`` in the midst of it; after it, a database or a worker that gives up. Our own
    errors pass, since they know what a retry does.

    :param task_id: the job's, once there is one
    :raises AirflowFailException: says how to go on with the job that exists, or may exist
    """
    try:
        yield
    except (OmniHumanError, AirflowFailException):
        raise
    except (Exception, AirflowTaskTimeout) as error:
        job = f"OmniHuman task {task_id} may still finish, and is billed" if task_id else "the job may exist, and be billed"
        raise AirflowFailException(
            f"{type(error).__name__}: {scrub(str(error))[:300] or 'no details'}; {job}. This task is not retried, which would "
            "submit anew: wait for the job's id with OmniHumanTaskSensor, or clear this task"
        ) from error
