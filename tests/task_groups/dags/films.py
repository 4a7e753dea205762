"""A dialogue of two lines, and a talk that is a little too long for one piece."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_provider_omnihuman.task_groups.dialogue import dialogue_video
from airflow_provider_omnihuman.task_groups.long_talk import long_talk_video

NOW: dict[str, Any] = {"retry_delay": 0.0}
LOOK = {"output_resolution": 720, "pe_fast_mode": True}
TASKS = {"speech": NOW, "render": {**NOW, "poll_interval": 0.1}, "archive": NOW, "join": NOW}

with DAG("dialogue", schedule=None, tags=["omnihuman"], params={"last": "Hi."}):
    dialogue_video(
        script=[
            {"speaker": "Ben", "text": "Ho.", "pause": 0.6},
            {"speaker": "Anna", "text": "{{ params.last }}", "prompt": "she nods"},
        ],
        image_url="s3://omnihuman-tests/in/duo.png",
        captions=True,
        speakers={"Anna": {"engine": "local"}, "Ben": {"subject": 2, "engine": "local"}},
        **LOOK,
        **TASKS,
    )

with DAG("talk", schedule=None, tags=["omnihuman"], params={"audio_url": ""}):
    long_talk_video(
        text="So.",
        engine="local",
        audio_url="{{ params.audio_url }}",
        image_url="s3://omnihuman-tests/in/duo.png",
        longest_s=15,
        group_id="talk",
        **LOOK,
        **TASKS,
    )

with DAG("asked", schedule=None, tags=["omnihuman"]):
    dialogue_video(script="script.yaml", presenter="host", confirm=True)
    long_talk_video(
        text="{{ params }}", presenter="news_anchor", pool="omnihuman", soundtrack="pieces", captions={"language": "en"}
    )
