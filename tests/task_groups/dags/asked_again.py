"""Questions that a first try has asked, and a second one asks again: about the same video, and about another."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, BaseNotifier

from airflow_provider_omnihuman.operators.review import VideoReviewOperator


class OutOfOrder(BaseNotifier):
    """Fails when the question is asked already."""

    def notify(self, context: Any) -> None:
        if context["ti"].try_number == 1:
            raise RuntimeError("the messenger is out of order")


AGAIN = {"notifiers": [OutOfOrder()], "retries": 1, "retry_delay": timedelta(0)}

with DAG(dag_id="asked_again", schedule=None, catchup=False) as dag:
    VideoReviewOperator(task_id="same", video="s3://omnihuman-tests/a/1.mp4", **AGAIN)
    VideoReviewOperator(task_id="another", video="s3://omnihuman-tests/a/{{ ti.try_number }}.mp4", **AGAIN)
