"""
### Each archived video is published and announced

Scheduled by data: whenever `OmniHumanToS3Operator` archives a video, in whatever Dag, it emits an event on the asset alias
`omnihuman_videos`, and this Dag runs with it. The event's `extra` tells of the video: `uri`, `poster_uri`, `task_id`,
`duration_s`, `sha256`, `reused` and more. `publish` copies video and poster to `published/` in the same bucket, inside S3, from
where a website may serve them; then a webhook is told. Videos that are archived while it runs come together, in one next run.

Connections: `aws_default`, and `announcements` of type HTTP: the webhook of Slack, Feishu or the like. Without that one, the log
says so, and the video is published all the same. It is paused until you want it.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, AssetAlias, task

VIDEOS = AssetAlias("omnihuman_videos")
TEXT = "New avatar videos: {{ ti.xcom_pull(task_ids=ti.task_id) | join(', ') }}"


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

    @task(on_success_callback=announce, retries=2)
    def publish(*, triggering_asset_events: Any = None) -> list[str]:
        """Copy each new video and its poster; return where the videos are now."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        hook, published = S3Hook(), []
        for video in [event.extra for event in triggering_asset_events[VIDEOS]]:
            for source in filter(None, (video["poster_uri"], video["uri"])):
                bucket, key = hook.parse_s3_url(source)
                target = f"s3://{bucket}/published/{video['task_id']}.{key.rpartition('.')[2]}"
                hook.copy_object(source_bucket_key=source, dest_bucket_key=target)
            published.append(target)
        return published

    publish()
