"""
### A picture sings an uploaded song

Speech is only one kind of sound: lips, mood and movement follow whatever is heard. The song lies in the bucket,
`samples/song.mp3` unless `song` names another; it must be shorter than a minute. The prompt asks the presenter to sing.

Connections: `omnihuman_default`, `aws_default`. Pool: `omnihuman`. The sample comes with this folder:
`aws s3 cp --recursive dags/samples s3://YOUR-BUCKET/samples`.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.task_groups.clips import avatar_clip

SAMPLE = "'s3://' ~ conn.aws_default.extra_dejson.service_config.s3.bucket_name ~ '/samples/song.mp3'"

with DAG(
    dag_id="singing_portrait",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "song": Param("", type="string", title="Song", description="s3:// or http(s):// URL; empty: the sample"),
        "presenter": Param("anime", type="string", title="Singer", description="A file in presenters/"),
        "prompt": Param(
            "Sings with feeling, sways gently with the melody, eyes half closed on the long notes", type="string", title="Prompt"
        ),
    },
) as dag:
    avatar_clip(
        {
            "audio_url": "{{ params.song or " + SAMPLE + " }}",
            "presenter": "{{ params.presenter }}",
            "prompt": "{{ params.prompt }}",
            "name": "song",
        },
        speak=False,
        group_id="song",
        render={"pool": "omnihuman"},
    )
