"""
### Two people in one picture talk with each other

`cast` reads the script, finds who is in the picture, gives each speaker a face (from left to right, as they first speak), and
draws a preview: its button *Who is who*. Look at it before a long script is rendered, or pass `confirm=True`, and a person is
asked. Then each line is spoken and rendered with the mask of its speaker, each on its own: a line that fails is cleared, and
rendered, alone. `join` puts them together in order; the pauses are pictures that are held, and cost nothing.

The speakers' voices are in `presenters/host.yaml` and `presenters/guest.yaml`; the picture with both is the host's. A script may
also be the name of a file: `samples/dialogue.yaml` beside this Dag, or an `s3://` one.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`, the last with a bucket in its `service_config`. Pool:
`omnihuman`, with as many slots as your account may have jobs at once, deferred ones included.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.task_groups.dialogue import dialogue_video

SCRIPT = """
- Mei: Good morning. What is in the news today?
- Marcus: A picture has learned to talk.
- Mei: Only one of them?
- Marcus: Two, as it seems.
"""

with DAG(
    dag_id="two_person_dialogue",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "script": Param(SCRIPT, type="string", format="multiline", title="Script", description="YAML, JSON, or a file"),
        "pause": Param(0.4, type="number", minimum=0, maximum=30, title="Pause between two lines, in seconds"),
    },
) as dag:
    dialogue_video(
        script="{{ params.script }}",
        presenter="host",
        speakers={"Mei": {"presenter": "host"}, "Marcus": {"presenter": "guest"}},
        pause="{{ params.pause }}",
        pool="omnihuman",
    )
