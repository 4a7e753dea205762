"""
### A script becomes a talking-avatar video in S3

`portrait` and `speech` prepare the inputs, `render` submits them to OmniHuman and waits in the triggerer, `archive` brings
the video into S3, verified, with a manifest and a poster beside it.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`. The bucket is the one in the AWS connection's
`service_config`. The pool `omnihuman` must exist, or `render` never starts: `airflow pools set omnihuman 1 "OmniHuman jobs"
--include-deferred`, with as many slots as your account may have jobs at once. To go live, change the connections: this file
stays as it is.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, task

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

PORTRAIT = Path(__file__).parent / "portraits" / "presenter.png"

with DAG(
    dag_id="script_to_avatar_video",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "text": Param(
            "Good morning. This is your daily briefing, written by a script and spoken by a picture.",
            type="string",
            format="multiline",
            title="Script",
        ),
        "voice": Param("zh_female_vv_uranus_bigtts", type="string", title="Voice", description="A Doubao speaker"),
        "image_url": Param(
            "", type="string", title="Portrait", description="http(s):// or s3:// URL; empty: the presenter beside this Dag"
        ),
        "prompt": Param("", type="string", title="Prompt", description="Picture, movement and camera"),
        "output_resolution": Param(720, enum=[720, 1080], title="Resolution"),
        "seed": Param(-1, type="integer", minimum=-1, title="Seed", description="-1: a random one"),
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

    speech = TextToSpeechOperator(task_id="speech", engine="doubao", text="{{ params.text }}", voice="{{ params.voice }}")

    render = OmniHumanVideoOperator(
        task_id="render",
        image_url=portrait(),
        audio_url="{{ ti.xcom_pull(task_ids='speech')['uri'] }}",
        prompt="{{ params.prompt }}",
        output_resolution="{{ params.output_resolution }}",
        pe_fast_mode="{{ params.output_resolution == 720 }}",  # the vendor's advice: fast with 720, not with 1080
        seed="{{ params.seed }}",
        timeout=timedelta(hours=2),
        deferrable=True,
        pool="omnihuman",  # as many slots as the account may have jobs: held until the video is done
        weight_rule="absolute",  # else the weight of the archive would let this Dag's renders overtake others in the pool
        retries=2,  # safe: the ledger knows the job, so a retry waits for it instead of paying again
        retry_delay=timedelta(minutes=1),
    )

    archive = OmniHumanToS3Operator(
        task_id="archive",
        omnihuman_task_id=render.output["task_id"],
        request=render.output["request"],
        retries=3,
        retry_delay=timedelta(minutes=1),
        priority_weight=100,  # before anything else: the video's URL lives for an hour, its task for twelve
    )

    speech >> render >> archive
