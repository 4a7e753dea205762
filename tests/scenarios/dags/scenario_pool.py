"""
### Four videos at once, of an account that may have two jobs: the pool's slots are held from submit to done
"""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

with DAG(dag_id="scenario_pool", schedule=None, catchup=False):
    OmniHumanVideoOperator.partial(
        task_id="render",
        image_url="s3://omnihuman-demo/scenarios/inputs/portrait.png",
        audio_url="s3://omnihuman-demo/scenarios/inputs/speech.wav",
        output_resolution=720,
        pe_fast_mode=True,
        poll_interval=2,
        deferrable=True,
        pool="omnihuman",
    ).expand(seed=list(range(4)))
