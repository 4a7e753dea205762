"""
### A bulletin for every day, shown to a person before anybody else

`reviewed_video` speaks the text, renders it with the presenter, and asks: poster, link, length, cost and script are under
*Browse → Required Actions*. **Approve** publishes it; **Reject** has another one rendered, at most once, with the reviewer's note
in its prompt and another seed. Where nobody answers for two hours, it is published: a bulletin is for its day. Where a render
fails, or what it gave fails the quality gate, or the second one is rejected as well, the *fallback picture* is shown for review
in its place, with the same speech: made on the worker, it needs no service and costs nothing, and so the slot is never empty.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`, the last with a bucket in its `service_config`; the pool
`omnihuman`, as of `script_to_avatar_video`. It is paused until you want it: each day's render is paid for.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.task_groups.review import reviewed_video

with DAG(
    dag_id="reviewed_daily_bulletin",
    schedule="0 5 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "text": Param(
            "Good morning. Here is the news of {date}.",
            type="string",
            format="multiline",
            title="Script",
            description="{date}: the day",
        )
    },
) as dag:
    reviewed_video(
        {
            "text": "{{ params.text | replace('{date}', dag_run.run_after.astimezone(dag.timezone).strftime('%B %-d')) }}",
            "presenter": "news_anchor",
        },
        group_id="bulletin",
        rounds=2,
        default="approve",
        response_timeout=timedelta(hours=2),
        check={"on_failure": "fail"},  # or what is wrong with it would be published where nobody answers
        fallback={"presenter": "news_anchor"},
        render={"pool": "omnihuman"},
        publish={"prefix": "published/bulletins/"},
    )
