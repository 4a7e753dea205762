"""
### One video a day, with a fixed seed: what is backfilled again is asked for again

It ended long ago, so that nothing runs but what is backfilled.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

with DAG(
    dag_id="scenario_daily",
    schedule="@daily",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    end_date=datetime(2024, 2, 1, tzinfo=UTC),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
    params={"mark": Param("", type="string")},
):
    render = OmniHumanVideoOperator(
        task_id="render",
        image_url="s3://omnihuman-demo/scenarios/inputs/portrait.png",
        audio_url="s3://omnihuman-demo/scenarios/inputs/speech.wav",
        prompt="{{ params.mark }} {{ ds }}",
        seed=11,
        output_resolution=720,
        pe_fast_mode=True,
        poll_interval=2,
        deferrable=True,
    )
    OmniHumanToS3Operator(
        task_id="archive",
        omnihuman_task_id=render.output["task_id"],
        request=render.output["request"],
        s3_key="scenarios/{{ params.mark }}/",
    )
