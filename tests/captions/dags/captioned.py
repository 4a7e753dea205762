"""Two voices, one line each, with captions: what mapped tasks return is taken as it is."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_omnihuman.operators.captions import CaptionsOperator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator

LINES = [{"speaker": "Ann", "text": "Good evening."}, {"speaker": "Bob", "text": "Good evening, Ann."}]

with DAG("captioned", schedule=None, tags=["omnihuman"]):
    speech = TextToSpeechOperator.partial(task_id="speech", engine="local").expand(text=[line["text"] for line in LINES])
    CaptionsOperator(
        task_id="captions", lines=LINES, spoken=speech.output, pauses=0.5, s3_key="{{ dag.dag_id }}/captions", formats=["vtt"]
    )
