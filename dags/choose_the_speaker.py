"""
### Two people in a picture, and one of them speaks

`subjects` finds who is in the picture and keeps their masks in S3 (the service's own mask URLs die within an hour). `submit`
renders with the mask of the one who shall speak, `wait` is a deferrable sensor, `archive` brings the video into S3. Where it is
always the same one, `mask: 2` in a presenter's file says so, and does all of this: see `presenters/guest.yaml`.

Submitting and waiting are two tasks: a sensor can be cleared at no cost. But no pool can hold the account's limit of jobs:
`submit` gives its slot back when the job has only begun. What comes too many is refused, at no cost, and asks again later. Where
a pool shall hold the limit, use `OmniHumanVideoOperator`, as in `script_to_avatar_video`, which names the connections, too.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.subjects import OmniHumanSubjectDetectionOperator
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor

with DAG(
    dag_id="choose_the_speaker",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    default_args={"presenter": "host"},  # who gives the picture, the voice, the resolution and the AIGC label
    params={
        "text": Param("And now to my colleague.", type="string", format="multiline", title="Script"),
        "voice": Param("", type="string", title="Voice", description="A Doubao speaker; empty: the presenter's"),
        "image_url": Param("", type="string", title="Portrait", description="http(s):// or s3:// URL; empty: the presenter's"),
        "speaker": Param(1, type="integer", minimum=1, maximum=5, title="Speaker", description="1: the largest subject"),
    },
) as dag:
    picture, masks = "{{ params.image_url }}", "omnihuman/masks/{{ run_id }}"
    subjects = OmniHumanSubjectDetectionOperator(task_id="subjects", image_url=picture, s3_key=masks)
    speech = TextToSpeechOperator(task_id="speech", text="{{ params.text }}", voice="{{ params.voice }}")
    submit = OmniHumanSubmitOperator(
        task_id="submit",
        image_url=picture,
        audio_url="{{ ti.xcom_pull(task_ids='speech')['uri'] }}",
        mask_url="{{ ti.xcom_pull(task_ids='subjects')[params.speaker - 1] }}",
        retries=2,  # safe: the ledger knows the job, so a retry finds it instead of paying again
    )
    request = submit.output["request"]  # what was asked for: the audio's length tells when to ask, the label goes to the archive
    wait = OmniHumanTaskSensor(task_id="wait", omnihuman_task_id=submit.output, request=request, deferrable=True)
    archive = OmniHumanToS3Operator(
        task_id="archive",
        omnihuman_task_id=submit.output,
        request=request,
        aigc_label="warn",  # "require" fails the task where the label is not in the file
        done_at="{{ ti.xcom_pull(task_ids='wait')['asked_at'] }}",
        retries=3,
        priority_weight=100,  # before anything else: the video's URL lives for an hour, its task for twelve
    )
    [subjects, speech] >> submit >> wait >> archive
