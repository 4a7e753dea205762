"""Answers what a Dag asks of a person, as a reviewer who likes what they see would, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_omnihuman.demo.dag_run import DagRun

__all__ = ["Reviewer"]

LIKED = ("Approve", "Publish", "Yes", "OK")


class Reviewer:
    """Sits at the UI for as long as a run lasts.

    :param run: the run whose questions are answered.
    """

    def __init__(self, run: DagRun) -> None:
        self._run = run
        self.said: dict[str, str] = {}
        """What was answered, by the task that asked."""

    def answer_what_is_asked(self) -> None:
        """Answer every open question of the run: with what sounds like a yes, or else the first that is offered."""
        for question in self._run.rest.pending_questions(self._run.dag_id, self._run.run_id):
            chosen = next((option for option in LIKED if option in question["options"]), question["options"][0])
            self._run.rest.answer(question, chosen)
            self.said[question["task_instance"]["task_id"]] = f"you are the reviewer here, and were taken to say: {chosen}"
