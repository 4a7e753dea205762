"""
### Each archived video is published and announced

Scheduled by data: whenever a video is archived, in whatever Dag, an event comes on the asset alias `omnihuman_videos`, and
this Dag runs with it. The event's `extra` tells of the video: `uri`, `poster_uri`, `duration_s`, `sha256`, `reused` and more.
`publish` copies video and poster, inside S3, to where a website may serve them; then a webhook is told. Videos that are archived
while it runs come together, in one next run.

Connections: `aws_default`, and `announcements` of type HTTP: the webhook of Slack, Feishu or the like. Without that one, the log
says so, and the videos are published all the same. It is paused until you want it.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, AssetAlias, task

from airflow_provider_omnihuman.operators.publish import PublishVideoOperator

VIDEOS = AssetAlias("omnihuman_videos")
TEXT = "New avatar video: {{ ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)['uri'] }}"


def announce(context: Any) -> None:
    """Tell a webhook, by a notifier that comes with Airflow's HTTP provider."""
    from airflow.providers.http.notifications.http import HttpNotifier

    HttpNotifier(http_conn_id="announcements", json={"text": TEXT})(context)


with DAG(
    dag_id="on_new_video",
    schedule=[VIDEOS],
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    is_paused_upon_creation=True,
) as dag:

    @task
    def new_videos(*, triggering_asset_events: Any = None) -> list[dict[str, Any]]:
        """Return what the events tell, each video once: one that is used again is archived, and told of, again."""
        told = [event.extra for event in triggering_asset_events[VIDEOS]]
        return list({video["sha256"]: video for video in told}.values())

    PublishVideoOperator.partial(task_id="publish", on_success_callback=announce, retries=2).expand(video=new_videos())
