"""Two rounds of review, with a speech that is there; answers, or none, come from the test."""

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_omnihuman.task_groups.review import reviewed_video

INPUTS = "s3://omnihuman-demo/scenarios/inputs"

for dag_id, default, timeout in (
    ("scenario_review", "reject", timedelta(hours=1)),
    ("scenario_review_unanswered", "approve", timedelta(seconds=10)),
):
    with DAG(dag_id=dag_id, schedule=None, catchup=False, tags=["omnihuman"]) as dag:
        reviewed_video(
            {
                "audio_url": f"{INPUTS}/speech.wav",
                "image_url": f"{INPUTS}/portrait.png",
                "prompt": "{{ dag.dag_id }} {{ run_id }}",
                "seed": 7,
            },
            group_id="film",
            default=default,
            response_timeout=timeout,
            render={"output_resolution": 720},
            check=False,
        )
