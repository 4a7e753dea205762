"""Leaving a task to the triggerer, and coming back where no triggerer could do its part: said plainly, and no video lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError, WaitTimeoutError
from airflow_provider_omnihuman.api.urls import scrub

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_omnihuman.api.models import Video

__all__ = ["DeferringOperator"]

_FAILED = "__fail__"
"""What Airflow resumes a task with instead of a method, when the trigger broke or nobody fired it in time."""
_TIMED_OUT = "Trigger timeout"
_NOT_INSTALLED = ("No module named 'airflow_provider_omnihuman", "unexpected keyword argument", "does not define a")
"""What a triggerer says that lacks this provider, or has another version of it."""
_ADVICE = (
    "the job may still finish, and is billed: where there is a ledger, a retry or a cleared task waits for it again; else wait "
    "for its id with OmniHumanTaskSensor, within 12 h of its submit"
)


class DeferringOperator(BaseOperator):
    """An operator or sensor that waits in the triggerer, and says so where there is none."""

    def warn_without_triggerer(self) -> None:
        """Tell that nobody would take the trigger; before the submit, which is the last moment to change one's mind."""
        from airflow_provider_omnihuman.hooks.airflow_health import triggerer_problem

        if problem := triggerer_problem():
            self.log.warning("%s", problem)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume; where the trigger gave no event, by :meth:`resume_without_event`."""
        if next_method == _FAILED:
            return self.resume_without_event(context, _failure(next_kwargs or {}))
        return super().resume_execution(next_method, next_kwargs, context)

    def resume_without_event(self, context: Context, failure: OmniHumanError) -> Any:
        """Come back from a trigger that nobody ran, or that failed.

        :param context: the task's
        :param failure: what became of the trigger, and what to do about it: to be raised where the task cannot go on
        """
        raise NotImplementedError

    def video_without_event(self, task_id: str, failure: OmniHumanError, *, fetch: Callable[[], Video | None]) -> Video:
        """Ask from the worker, once: a job that is done meanwhile is paid for, and its video must not be lost.

        :param task_id: of the job
        :param failure: as of :meth:`resume_without_event`
        :param fetch: asks
        :raises OmniHumanError: ``failure``, where the job is not done
        """
        failure.with_task(task_id)
        try:
            video = fetch()
        except OmniHumanError as error:
            error.message = f"{error.message}; it was asked from the worker, since {failure.message}"
            raise
        if video is None:
            raise failure
        self.log.warning("OmniHuman task %s is done all the same; but %s", task_id, failure.message)
        return video


def _failure(told: dict[str, Any]) -> OmniHumanError:
    """Return the error for what Airflow says of a trigger."""
    from airflow_provider_omnihuman.hooks.airflow_health import triggerer_problem

    if told.get("error") == _TIMED_OUT:
        hint = triggerer_problem() or "see that `airflow triggerer` runs, and that its log has no errors"
        return WaitTimeoutError(f"{_TIMED_OUT}: no triggerer fired this task's trigger in time: {hint}", advice=_ADVICE)
    lines = "".join(told.get("traceback") or []).strip().splitlines()
    last = scrub(lines[-1])[:300] if lines else "its log says why"
    hint = ""
    if any(sign in last for sign in _NOT_INSTALLED):
        hint = ": install the same version of airflow-provider-omnihuman on triggerer and workers, and restart the triggerer"
    return OmniHumanError(f"Trigger failure in the triggerer ({last}){hint}", retry=Retry.ASK_AGAIN, advice=_ADVICE)
