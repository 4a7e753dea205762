"""
### A talk of any length becomes one video

OmniHuman renders less than a minute at a time. `speech` speaks the text, however long, piece by piece; `split` cuts the audio in
its pauses; each piece is rendered with the same portrait, prompt and seed, and archived; `join` makes one film of them, with the
talk's own audio as its sound, so that no joint can be heard. A piece that fails is cleared, and rendered, alone: the others are
in the archive, and are not paid for again.

Give an `audio_url`, and that is the talk: an hour of MP3 is fine. Pieces of 15 s, as here, are the steadiest, and short
enough for a quick look; of up to 59 s, there are fewer.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`, the last with a bucket in its `service_config`. Pool:
`omnihuman`, with as many slots as your account may have jobs at once, deferred ones included.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.task_groups.long_talk import long_talk_video

TEXT = """
Good evening. Tonight I would like to tell you how a long talk is made of short ones. First, somebody writes it down. Then a voice
reads it, from the first word to the last. Wherever that voice takes a breath, the talk may be cut, and nobody will notice. Each
piece is given to the same picture, which says it. And in the end, all of them are put together again, in step with the voice.
"""

with DAG(
    dag_id="long_talk",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "text": Param(TEXT, type="string", format="multiline", title="Text", description="Of any length"),
        "audio_url": Param("", type="string", title="Audio", description="In place of the text: s3:// or http(s)://"),
        "presenter": Param("news_anchor", type="string", title="Presenter", description="A file in presenters/"),
        "longest_s": Param(15, type="number", minimum=15, maximum=59, title="Longest piece, in seconds"),
    },
) as dag:
    long_talk_video(
        text="{{ params.text }}",
        audio_url="{{ params.audio_url }}",
        presenter="{{ params.presenter }}",
        longest_s="{{ params.longest_s }}",
        pool="omnihuman",
    )
