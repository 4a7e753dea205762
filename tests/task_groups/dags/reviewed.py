"""Two rounds, and a still picture after them; what nobody answers is rejected."""

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_omnihuman.task_groups.review import reviewed_video

with DAG(dag_id="reviewed", schedule=None, catchup=False) as dag:
    reviewed_video(
        {"audio_url": "s3://omnihuman-tests/in/a.wav", "image_url": "s3://omnihuman-tests/in/p.png", "prompt": "Calm", "seed": 7},
        default="reject",
        response_timeout=timedelta(hours=1),
        fallback={"image_url": "s3://omnihuman-tests/in/p.png", "output_resolution": 180},
        check=False,
        render={"output_resolution": 720, "retries": 0, "poll_interval": 0.1},
        review={"subject": "Good? {{ ti.task_id }}", "text": "What is *said*"},
    )
