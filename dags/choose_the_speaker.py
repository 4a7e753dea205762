"""
### Two people in a picture, and one of them speaks

`subjects` finds who is in the picture and keeps their masks in S3 (the service's own mask URLs die within an hour). `submit`
renders with the mask of the one who shall speak, `wait` is a deferrable sensor that also asks for the AIGC label, `archive`
brings the video into S3.

Submitting and waiting are two tasks here: a sensor can be cleared and run again at no cost. But no pool can hold the account's
limit of jobs at once: `submit` gives its slot back when the job has only begun, and the next submit may take it before `wait`.
What comes too many is refused, at no cost, and asks again later; `max_active_runs` keeps this Dag alone within the limit. Where a
pool shall hold it for all Dags, use `OmniHumanVideoOperator`, as in `script_to_avatar_video`.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`, the last with a bucket in its `service_config`.
"""

from __future__ import annotations

from pathlib import Path

from airflow.sdk import DAG, Param, task

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.subjects import OmniHumanSubjectDetectionOperator
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor

PORTRAIT = Path(__file__).parent / "portraits" / "duo.png"
AIGC_META = {"producer_id": "{{ run_id[:200] }}", "content_propagator": "{{ params.content_propagator }}"}

with DAG(
    dag_id="choose_the_speaker",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "text": Param("And now to my colleague.", type="string", format="multiline", title="Script"),
        "voice": Param("zh_female_vv_uranus_bigtts", type="string", title="Voice", description="A Doubao speaker"),
        "image_url": Param(
            "", type="string", title="Portrait", description="http(s):// or s3:// URL; empty: the picture beside this Dag"
        ),
        "speaker": Param(1, type="integer", minimum=1, maximum=5, title="Speaker", description="1: the largest subject"),
        "content_propagator": Param("my-channel", type="string", title="Publisher", description="For the AIGC label"),
    },
) as dag:

    @task
    def portrait(*, params: dict[str, str] | None = None) -> str:
        """Return the portrait's URL; the one shipped with this Dag is put into the bucket first."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        if params and params["image_url"]:
            return params["image_url"]
        hook = S3Hook()
        key = f"omnihuman/portraits/{PORTRAIT.name}"
        hook.load_file(PORTRAIT, key, replace=True)
        return f"s3://{hook.service_config['bucket_name']}/{key}"

    picture = portrait()

    subjects = OmniHumanSubjectDetectionOperator(task_id="subjects", image_url=picture, s3_key="omnihuman/masks/{{ run_id }}")

    speech = TextToSpeechOperator(task_id="speech", engine="doubao", text="{{ params.text }}", voice="{{ params.voice }}")

    submit = OmniHumanSubmitOperator(
        task_id="submit",
        image_url=picture,
        audio_url="{{ ti.xcom_pull(task_ids='speech')['uri'] }}",
        mask_url="{{ ti.xcom_pull(task_ids='subjects')[params.speaker - 1] }}",
        output_resolution=720,
        pe_fast_mode=True,
        retries=2,  # safe: the ledger knows the job, so a retry finds it instead of paying again
    )

    wait = OmniHumanTaskSensor(
        task_id="wait",
        omnihuman_task_id=submit.output,
        request=submit.output["request"],  # so that it knows when to ask: how long a render takes depends on its audio
        aigc_meta=AIGC_META,
        deferrable=True,
    )

    archive = OmniHumanToS3Operator(
        task_id="archive",
        omnihuman_task_id=submit.output,
        request=submit.output["request"],
        aigc_meta=AIGC_META,
        aigc_label="warn",  # "require" fails the task where the label is not in the file
        done_at="{{ ti.xcom_pull(task_ids='wait')['asked_at'] }}",
        retries=3,
        priority_weight=100,  # before anything else: the video's URL lives for an hour, its task for twelve
    )

    [subjects, speech] >> submit >> wait >> archive
