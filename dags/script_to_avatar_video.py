"""
### A script becomes a talking-avatar video in S3

`speech` speaks the script, `render` submits it to OmniHuman and waits in the triggerer, `archive` brings the video into S3,
verified, with a manifest and a poster beside it. Who is seen and heard stands in `presenters/news_anchor.yaml`; what is given
here wins.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`. The bucket is the one in the AWS connection's
`service_config`. The pool `omnihuman` must exist, or `render` never starts: `airflow pools set omnihuman 1 "OmniHuman jobs"
--include-deferred`, with as many slots as your account may have jobs at once. To go live, change the connections only.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

TEXT = "Good morning. This is your daily briefing, written by a script and spoken by a picture."

with DAG(
    dag_id="script_to_avatar_video",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "text": Param(TEXT, type="string", format="multiline", title="Script"),
        "voice": Param("", type="string", title="Voice", description="A Doubao speaker; empty: the presenter's"),
        "image_url": Param("", type="string", title="Portrait", description="http(s):// or s3:// URL; empty: the presenter's"),
        "prompt": Param("", type="string", title="Prompt", description="Picture, movement and camera"),
        "output_resolution": Param(720, enum=[720, 1080], title="Resolution"),
        "seed": Param(None, type=["null", "integer"], minimum=-1, title="Seed", description="-1: random; empty: the presenter's"),
    },
) as dag:
    speech = TextToSpeechOperator(task_id="speech", text="{{ params.text }}", voice="{{ params.voice }}", presenter="news_anchor")
    render = OmniHumanVideoOperator(
        task_id="render",
        presenter="news_anchor",
        image_url="{{ params.image_url }}",
        audio_url="{{ ti.xcom_pull(task_ids='speech')['uri'] }}",
        prompt="{{ params.prompt }}",
        output_resolution="{{ params.output_resolution }}",
        pe_fast_mode="{{ params.output_resolution == 720 }}",  # the vendor's advice: fast with 720, not with 1080
        seed="{{ params.seed }}",
        deferrable=True,
        pool="omnihuman",  # as many slots as the account may have jobs: held until the video is done
        weight_rule="absolute",  # else the weight of the archive would let this Dag's renders overtake others in the pool
        retries=2,  # safe: the ledger knows the job, so a retry waits for it instead of paying again
    )
    archive = OmniHumanToS3Operator(
        task_id="archive",
        omnihuman_task_id=render.output["task_id"],
        request=render.output["request"],
        retries=3,
        priority_weight=100,  # before anything else: the video's URL lives for an hour, its task for twelve
    )
    speech >> render >> archive
