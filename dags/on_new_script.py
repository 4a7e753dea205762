"""
### A script that is put into the bucket becomes a video

Nobody presses a button: S3 tells an SQS queue of each new `scripts/*.txt`, the triggerer listens to the queue, and every
message starts this Dag. `new_scripts` reads the texts, and each is spoken and rendered by the presenter, and archived. Scripts
that come together become videos side by side, in one run.

Set up once: a queue, a notification of the bucket for `s3:ObjectCreated:*`, with the prefix `scripts/` and the suffix `.txt`,
that may write to it, and the queue's URL in the environment variable `SCRIPTS_QUEUE_URL` of the Dag processor. Without it,
nothing listens.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`, which may read the queue too (and needs
`apache-airflow-providers-amazon[aiobotocore]`). Pool: `omnihuman`.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_omnihuman.task_groups.clips import avatar_clips

QUEUE = os.environ.get("SCRIPTS_QUEUE_URL", "")


def listening() -> list[AssetWatcher]:
    """Listen to the queue, where there is one: only then is the amazon provider worth its second of parse time."""
    if not QUEUE:
        return []
    from airflow.providers.amazon.aws.triggers.sqs import SqsSensorTrigger

    messages = SqsSensorTrigger(sqs_queue=QUEUE, max_messages=10, wait_time_seconds=20, waiter_delay=1)
    return [AssetWatcher(name="scripts_queue", trigger=messages)]


SCRIPTS = Asset("omnihuman_scripts", watchers=listening())

with DAG(dag_id="on_new_script", schedule=[SCRIPTS], catchup=False, doc_md=__doc__, tags=["omnihuman"]) as dag:

    @task
    def new_scripts(*, triggering_asset_events: Any = None) -> list[dict[str, str]]:
        """Read what the messages tell of; S3's first message to a queue is a test, and tells of nothing."""
        import json
        from urllib.parse import unquote_plus

        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        bodies = [m["Body"] for event in triggering_asset_events[SCRIPTS] for m in event.extra["payload"]["message_batch"]]
        objects = [record["s3"] for body in bodies for record in json.loads(body).get("Records", [])]
        places = [(unquote_plus(new["object"]["key"]), new["bucket"]["name"]) for new in objects]
        return [{"text": S3Hook().read_key(*place), "presenter": "news_anchor"} for place in places]

    avatar_clips(new_scripts(), speak=True, render={"pool": "omnihuman"})
