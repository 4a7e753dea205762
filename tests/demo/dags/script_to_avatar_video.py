"""Stands in for the story where only the launcher is tested: it waits for ever, fails, or archives nothing."""

from __future__ import annotations

import subprocess

from airflow.sdk import Param, dag, task


@dag(schedule=None, params={"text": Param("fail", enum=["wait", "fail", "lie"])})
def script_to_avatar_video() -> None:
    @task
    def archive(params: dict[str, str] | None = None) -> dict[str, str]:
        text = (params or {})["text"]
        if text == "wait":  # in a session of its own, where a signal to the task's process group does not reach it
            print("waiting for ever", flush=True)  # noqa: T201
            subprocess.run(["sleep", "600"], start_new_session=True, check=True)
        if text == "fail":
            raise ValueError("the reason why it failed")
        place = "s3://omnihuman-demo/nothing"
        return {"uri": f"{place}.mp4", "manifest_uri": f"{place}.json", "task_id": "1"}

    archive()


script_to_avatar_video()
