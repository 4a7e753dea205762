"""A film that fails: who is skipped, and what XCom has."""

from airflow.sdk import DAG, task

from airflow_provider_omnihuman.operators.check import OmniHumanVideoCheckOperator

GIVEN = {
    "video": "s3://omnihuman-tests/films/{{ dag.dag_id }}.mp4",
    "checks": "{{ ['readable', 'black'] | tojson }}",
    "limits": '{"black_s": {{ 1.0 }}}',
}

with DAG("quality_gate", schedule=None):

    @task
    def publish():
        """Stand for what must not happen to a film that fails."""

    OmniHumanVideoCheckOperator(task_id="gate", on_failure="skip", **GIVEN) >> publish()
    OmniHumanVideoCheckOperator(task_id="strict_gate", retries=3, **GIVEN)
