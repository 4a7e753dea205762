"""
### A cat, a drawn character, and a picture with nobody in it

Subjects may be animals and drawings. Of each picture the service is asked first whether somebody is there, which takes seconds
and costs nothing. Where somebody is, the branch goes on: the text is spoken, rendered, archived. Where nobody is, `seen` skips,
and all after it is skipped with it: no render is paid for, and the run is a success.

Each picture is a presenter's: `presenters/cat.yaml` and the like say who it is and how they speak.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`. Pool: `omnihuman`.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, task, task_group

from airflow_provider_omnihuman.operators.subjects import OmniHumanSubjectRecognitionOperator
from airflow_provider_omnihuman.task_groups.clips import avatar_clip

CAST = [
    {"presenter": "cat", "text": "Meow. I am told that I have something to say."},
    {"presenter": "anime", "text": "And I was drawn by hand, but the voice is new."},
    {"presenter": "sky", "text": "Nobody will ever hear this."},
]

with DAG(
    dag_id="pet_and_anime",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={"cast": Param(CAST, type="array", title="Cast", description="Who says what: presenter and text")},
) as dag:

    @task
    def cast(*, params: dict[str, Any] | None = None) -> list[dict[str, str]]:
        """Return who says what."""
        return list((params or {})["cast"])

    @task_group
    def star(presenter: Any, text: Any) -> None:
        """One picture: is somebody in it? Then let them speak."""
        seen = OmniHumanSubjectRecognitionOperator(task_id="seen", presenter=presenter, on_missing="skip")
        with TaskGroup("video") as video:
            avatar_clip({"presenter": presenter, "text": text}, speak=True, render={"pool": "omnihuman"})
        seen >> video

    star.expand_kwargs(cast())
