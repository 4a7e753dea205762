"""What an administrator sets up once for ``on_new_script``: a queue, told by S3 of each new object under ``scripts/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.object_store import BUCKET, REGION

if TYPE_CHECKING:
    from airflow_provider_omnihuman.demo.object_store import ObjectStore

__all__ = ["PREFIX", "QUEUE_VARIABLE", "create_script_queue", "queue_url"]

QUEUE_VARIABLE = "SCRIPTS_QUEUE_URL"
PREFIX, SUFFIX = "scripts/", ".txt"
_NAME = "omnihuman-scripts"
_ACCOUNT = "123456789012"
"""Moto's own."""


def queue_url(store: ObjectStore) -> str:
    """Return the queue's address, which the Dag must know before anything is started.

    :param store: the store; queues live in the same process.
    """
    return f"{store.endpoint}/{_ACCOUNT}/{_NAME}"


def create_script_queue(store: ObjectStore) -> None:
    """Create the queue, and let S3 tell it of new objects.

    :param store: the store, whose bucket exists.
    """
    queues = store.client("sqs")
    queues.create_queue(QueueName=_NAME)
    told = {
        "QueueArn": f"arn:aws:sqs:{REGION}:{_ACCOUNT}:{_NAME}",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": PREFIX}, {"Name": "suffix", "Value": SUFFIX}]}},
    }
    store.client().put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [told]})
    # S3 begins with a message that it can send messages; its run of the Dag, in which nothing is new, would be taken for ours.
    queues.purge_queue(QueueUrl=queue_url(store))
