"""The word that a failed task leaves behind for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.api.urls import scrub

__all__ = ["FAILURE_KEY", "failure_of", "leave_word"]

FAILURE_KEY = "failure"
"""Of the XCom. Airflow drops it when the task is tried again."""
_MAX_CHARACTERS = 2000


def leave_word(context: Mapping[str, Any]) -> None:
    """Push what went wrong to XCom: an ``on_failure_callback``.

    It runs in the task's own process. Of a task whose process was killed, nothing is heard; the report says so.

    :param context: of the failed task
    """
    error = context.get("exception")
    # Airflow runs it for a killed task, too: elsewhere, without an exception, and where no XCom can be pushed.
    if isinstance(error, BaseException):
        context["ti"].xcom_push(key=FAILURE_KEY, value=failure_of(error))


def failure_of(error: BaseException) -> dict[str, Any]:
    """Return message, advice and code of an error as plain data, no signature of a URL in it.

    :param error: ours, or Airflow's with ours as its cause
    """
    told: Any = next((each for each in (error, error.__cause__) if hasattr(each, "advice") and hasattr(each, "message")), None)
    if told is None:
        message, advice, code = str(error) or type(error).__name__, "", None
    else:
        advice, code = str(told.advice), getattr(told, "code", None)
        # As it shows itself, with code and ids; its advice comes last.
        message = str(told).removesuffix(advice).removesuffix(": ") if advice else str(told)
    return {
        "message": scrub(message)[:_MAX_CHARACTERS],
        "advice": scrub(advice)[:_MAX_CHARACTERS],
        "code": code,
        "error": type(told or error).__name__,
    }
