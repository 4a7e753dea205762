"""Three ways to map over scripts: the decorator, the operator over a list, the operator over another task's result."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG, task

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

PORTRAIT = "s3://omnihuman-tests/in/p.png"
AUDIOS = ["s3://omnihuman-tests/in/1.wav", "s3://omnihuman-tests/in/2.wav"]
RENDER = {
    "output_resolution": 720,
    "pe_fast_mode": True,
    "deferrable": os.environ["MAPPED_VIDEOS"] == "deferred",
    "poll_interval": 0.1,
    "retries": 1,
    "retry_delay": timedelta(seconds=0),
    "ledger_path": os.environ["MAPPED_VIDEOS_LEDGER"],
}

with DAG("mapped_videos", schedule=None, tags=["omnihuman"]):

    @task
    def scripts() -> list[dict[str, str]]:
        return [{"audio": audio, "mood": f"mood {index}"} for index, audio in enumerate(AUDIOS)]

    @task.omnihuman(image_url=PORTRAIT, **RENDER)
    def decorated(script: dict[str, str], *, seed: int) -> dict[str, object]:
        return {"audio_url": script["audio"], "prompt": script["mood"] + " of {{ ti.task_id }}", "seed": seed}

    wanted = scripts()
    videos = decorated.override(task_id="renamed").partial(seed=5).expand(script=wanted)
    OmniHumanToS3Operator.partial(task_id="archive").expand(request=videos.map(lambda video: video["request"]))

    OmniHumanVideoOperator.partial(task_id="over_a_list", image_url=PORTRAIT, seed=6, **RENDER).expand(audio_url=AUDIOS)
    OmniHumanVideoOperator.partial(task_id="over_a_result", image_url=PORTRAIT, seed=7, **RENDER).expand(
        audio_url=wanted.map(lambda script: script["audio"])
    )
