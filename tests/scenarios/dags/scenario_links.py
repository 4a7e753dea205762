"""
### Two videos of one mapped task, the first try of one of which may fail

For the links on the pages of mapped tasks, and one asset event for each of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator


def request_of(video: dict[str, Any]) -> dict[str, Any]:
    return dict(video["request"])


with DAG(
    dag_id="scenario_links",
    schedule=None,
    catchup=False,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=8)},
    params={"mark": Param("", type="string")},
):
    render = OmniHumanVideoOperator.partial(
        task_id="render",
        image_url="s3://omnihuman-demo/scenarios/inputs/portrait.png",
        audio_url="s3://omnihuman-demo/scenarios/inputs/speech.wav",
        output_resolution=720,
        pe_fast_mode=True,
        poll_interval=2,
        deferrable=True,
    ).expand(prompt=["{{ params.mark }} one", "{{ params.mark }} two"])
    OmniHumanToS3Operator.partial(task_id="archive", s3_key="scenarios/{{ params.mark }}/").expand(
        request=render.output.map(request_of)
    )
