"""
### One personal video for each customer of a table

Each row of `samples/customers.csv` in the bucket becomes a video: the script's `{{ name }}` is what the row says in the column
`name`, and so on. Rows go their own way. One that is wrong, or that the service refuses, fails alone; `report` tells of it at the
end, on a page with all posters, seconds and cost, to which its button *Report* leads. Change one row, run it again, and one video
is rendered: all others are in the archive, and cost nothing. "Clear failed tasks" renders what is missing.

`script` is none of Airflow's templates: it sees its row and nothing else. A column `voice`, `presenter`, `prompt` or `seed` would
change that of its row. The pool bounds how many are rendered at once, here and in all other Dags.

Connections: `omnihuman_default`, `doubao_speech_default`, `aws_default`. Pool: `omnihuman`. The sample comes with this folder:
`aws s3 cp --recursive dags/samples s3://YOUR-BUCKET/samples`.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_omnihuman.task_groups.batch import batch_videos

SCRIPT = """
Hello {{ name }}! Your {{ product }} has left our house{% if city is defined %} for {{ city }}{% endif %}.
"""

with DAG(
    dag_id="batch_from_csv",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["omnihuman"],
    params={
        "table": Param("samples/customers.csv", type="string", title="Table", description="CSV or JSON Lines: a key, or a URL"),
        "presenter": Param("news_anchor", type="string", title="Presenter", description="A file in presenters/"),
        "content_propagator": Param("my-channel", type="string", title="Publisher", description="For the AIGC label"),
    },
) as dag:
    batch_videos(
        "{{ params.table }}",
        script=SCRIPT,
        presenter="{{ params.presenter }}",
        # Its own id names the row and what it says: the same in each run, so that unchanged rows are reused.
        aigc_meta={"content_propagator": "{{ params.content_propagator }}"},
        pool="omnihuman",
        concurrency=10,
        title="Greetings for customers",
    )
