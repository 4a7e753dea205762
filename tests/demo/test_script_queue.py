"""A file that is put into the bucket becomes a message, and the message what the Dag ``on_new_script`` starts from."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.sdk import Asset

from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.script_queue import QUEUE_VARIABLE, create_script_queue, queue_url
from tests.conftest import PROJECT

DAG_FILE = PROJECT / "dags" / "on_new_script.py"


@pytest.fixture(scope="module")
def messages(store):
    """Receives what the queue has been told."""
    create_script_queue(store)

    def receive():
        reply = store.client("sqs").receive_message(QueueUrl=queue_url(store), MaxNumberOfMessages=10)
        return reply.get("Messages", [])

    return receive


def events(*batches):
    """What a Dag is given of the messages, as ``SqsSensorTrigger`` hands them on."""
    payloads = [{"status": "success", "message_batch": batch} for batch in batches]
    extras = [SimpleNamespace(extra={"from_trigger": True, "payload": payload}) for payload in payloads]
    return {"triggering_asset_events": {Asset("omnihuman_scripts"): extras}}


def test_a_new_script_is_told_of_and_nothing_else_is(s3, messages):
    s3.put_object(Bucket=BUCKET, Key="scripts/a.txt", Body=b"Hello.")
    s3.put_object(Bucket=BUCKET, Key="elsewhere/b.txt", Body=b"Not me.")

    (message,) = messages()
    assert "scripts%2Fa.txt" in message["Body"]


def test_the_dag_reads_the_scripts_that_the_messages_name(omnihuman_airflow, connections, omnihuman_s3, s3, messages):
    names = {"scripts/a b+c.txt": "First.", "scripts/二.txt": "第二。"}
    omnihuman_s3.client.create_bucket(Bucket=BUCKET)
    for name, text in names.items():
        s3.put_object(Bucket=BUCKET, Key=name, Body=text.encode())
        omnihuman_s3.client.put_object(Bucket=BUCKET, Key=name, Body=text.encode())
    first_of_all = {"Body": '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "any"}'}
    task = omnihuman_airflow.load(DAG_FILE).get_task("new_scripts")

    rows = task.execute(events([first_of_all], messages()))

    assert [row["text"] for row in rows] == list(names.values())


@pytest.mark.parametrize("queue", ["", "https://sqs.eu-west-1.amazonaws.com/123456789012/scripts"])
def test_the_dag_listens_where_there_is_a_queue(omnihuman_airflow, monkeypatch, queue):
    monkeypatch.setenv(QUEUE_VARIABLE, queue)

    (asset,) = omnihuman_airflow.load(DAG_FILE).schedule

    listening = [watcher.trigger.serialize()[1]["sqs_queue"] for watcher in asset.watchers]
    assert listening == ([queue] if queue else [])
