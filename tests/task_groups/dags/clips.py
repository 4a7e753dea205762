"""Clips of a task's rows, and of rows that are known when the file is parsed; one of the first is bad."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_omnihuman.task_groups.clips import avatar_clip, avatar_clips

NOW = {"retry_delay": 0.0}
COMMON: dict[str, Any] = {
    "speech": {**NOW, "reuse_spoken": False},
    "render": {**NOW, "output_resolution": 720, "image_url": "{{ params.picture }}", "poll_interval": 0.1},
    "archive": {**NOW, "emit_asset_event": False},
}

with DAG("clips", schedule=None, tags=["omnihuman"], params={"picture": "s3://omnihuman-tests/in/p.png"}):

    @task
    def rows() -> list[dict[str, Any]]:
        return [
            {"text": "", "engine": "local", "name": "Nobody"},  # nothing to say
            {"text": "{{ Hi }}.", "engine": "local", "prompt": "calm", "seed": 7, "name": None},
        ]

    @task(trigger_rule="all_done")
    def collected(clips: Any) -> Any:
        return [clips] if isinstance(clips, dict) else list(clips)

    collected(avatar_clips(rows(), speak=True, **COMMON))
    avatar_clip(
        {"audio_url": "s3://omnihuman-tests/in/{{ dag.dag_id }}.wav", "seed": 8},
        speak=False,
        group_id="alone",
        render=COMMON["render"],
    )
