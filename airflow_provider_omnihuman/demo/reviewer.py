"""Answers what a Dag asks of a person, as a reviewer who likes what they see would, and says so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_omnihuman.demo.dag_run import DagRun

__all__ = ["Reviewer"]

LIKED = ("Approve", "Publish", "Yes", "OK")
# The task that asks ends its process once the question stands; what is answered before that would have it killed.
_WAITING = ("awaiting_input", "deferred")
_LOOKS_FOR_S = 3.0


class Reviewer:
    """Sits at the UI for as long as a run lasts.

    :param run: the run whose questions are answered.
    :param clock: seconds that only grow.
    """

    def __init__(self, run: DagRun, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._clock = clock
        self._seen_s: dict[str, float] = {}
        self.said: dict[str, str] = {}
        """What was answered, by the task that asked."""

    def answer_what_is_asked(self) -> None:
        """Answer the run's open questions, each a moment after it was seen: with a yes, or what comes first."""
        for question in self._run.rest.pending_questions(self._run.dag_id, self._run.run_id):
            task = question["task_instance"]
            if task["state"] in _WAITING and self._has_looked(task["id"]):
                chosen = next((option for option in LIKED if option in question["options"]), question["options"][0])
                self._run.rest.answer(question, chosen)
                self.said[task["task_id"]] = f"you are the reviewer here, and were taken to say: {chosen}"

    def _has_looked(self, task_instance_id: str) -> bool:
        now_s = self._clock()
        return now_s - self._seen_s.setdefault(task_instance_id, now_s) >= _LOOKS_FOR_S
