"""
### Thirty videos at once, rendered and archived by mapped tasks
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

with DAG(
    dag_id="scenario_thirty",
    schedule=None,
    catchup=False,
    max_active_tasks=40,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
    params={"mark": Param("", type="string")},
):
    render = OmniHumanVideoOperator.partial(
        task_id="render",
        image_url="s3://omnihuman-demo/scenarios/inputs/portrait.png",
        audio_url="s3://omnihuman-demo/scenarios/inputs/speech.wav",
        prompt="{{ params.mark }}",
        output_resolution=720,
        pe_fast_mode=True,
        poll_interval=5,
        deferrable=True,
    ).expand(seed=list(range(1, 31)))
    OmniHumanToS3Operator.partial(task_id="archive", s3_key="scenarios/{{ params.mark }}/").expand_kwargs(
        render.output.map(lambda video: {"omnihuman_task_id": video["task_id"], "request": video["request"]})
    )
