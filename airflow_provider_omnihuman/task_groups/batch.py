"""Many videos of one table: rows are read, rendered each on its own, and a report tells what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import TaskGroup

from airflow_provider_omnihuman.batches.failures import leave_word
from airflow_provider_omnihuman.operators.batch import ReadRowsOperator
from airflow_provider_omnihuman.operators.batch_report import BatchReportOperator
from airflow_provider_omnihuman.presenters.templating import CONTENT_ID
from airflow_provider_omnihuman.task_groups.clips import avatar_clips

if TYPE_CHECKING:
    from airflow.sdk import XComArg

__all__ = ["Batch", "batch_videos"]


_ID_PARTS = 80
"""Of each of two names in the label's id, of 256 characters at most (reference page, AIGCMeta); 64 of them are the content's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The outputs of a batch's tasks.

    :param rows: what ``ReadRowsOperator`` returns
    :param videos: what the archive tasks return: a list of archive facts, without those that failed
    :param report: what ``BatchReportOperator`` returns
    """

    rows: XComArg
    videos: XComArg
    report: XComArg


def batch_videos(
    source: str | XComArg | None = None,
    *,
    rows: Sequence[Any] | XComArg | None = None,
    script: str | None = None,
    columns: Mapping[str, str] | None = None,
    header: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    presenter: str | None = None,
    image_url: str | None = None,
    voice: str | None = None,
    engine: str | None = None,
    prompt: str | None = None,
    seed: int | None = None,
    aigc_meta: Mapping[str, str] | None = None,
    speak: bool = True,
    pool: str | None = "omnihuman",
    concurrency: int | None = None,
    report_key: str | None = None,
    base_url: str | None = None,
    title: str | None = None,
    fail_if: str = "any",
    group_id: str = "batch",
    aws_conn_id: str = "aws_default",
    presenters_path: str | None = None,
    read: Mapping[str, Any] | None = None,
    speech: Mapping[str, Any] | None = None,
    render: Mapping[str, Any] | None = None,
    archive: Mapping[str, Any] | None = None,
) -> Batch:
    """Make one archived video of each row of a table: tasks ``rows``, ``clips`` (mapped: speech, render, archive), ``report``.

    A row that is wrong, or that the service refuses, fails alone, and the report names it. Rows that did not change since an
    earlier run are neither spoken nor rendered again. That needs a fixed seed, which they have unless a presenter or a column
    says −1; portraits in S3, as presenters' are; and an AIGC label that is the same in each run, as ``aigc_meta`` makes it.
    "Clear failed tasks" renders what is missing.

    :param source: a CSV or JSON Lines file: ``s3://`` or http(s) URL, or a key in the default bucket (may be a template)
    :param rows: in place of it, a list of rows, or a task's output: mappings, or tuples as ``SQLExecuteQueryOperator`` returns
        them, with ``header``
    :param script: what to say, with placeholders for columns: ``"Hello {{ name }}"``; no template of Airflow's. None: rows have a
        column ``text``
    :param columns: what columns of other names are, such as ``{"Photo": "image_url"}``
    :param header: the names of the columns, where the table does not name them
    :param seeds: make a take of each row with each of these seeds, shown side by side in the report
    :param presenter: for rows that name none
    :param image_url: the portrait, for rows that have none
    :param voice: for rows that have none
    :param engine: of the speech, likewise
    :param prompt: likewise
    :param seed: likewise; None: the presenter's, or else a fixed one
    :param aigc_meta: the label for all rows, in place of their presenters': its ``producer_id`` may be left out, and is then made
        of Dag, row and content, the same in each run. A presenter's label that names the run makes each run's videos new ones
    :param speak: rows are texts that are spoken; False: each has an ``audio_url``
    :param pool: of the renders: with ``include_deferred``, it holds them, and those of all other Dags, within the account's limit
    :param concurrency: so many renders of this run at once. Airflow 3.1 does not count deferred tasks: there, use a pool
    :param report_key: where the report goes, as ``BatchReportOperator``'s ``s3_key``
    :param base_url: where the bucket is served, for links in the report
    :param title: of the report
    :param fail_if: whether the run fails where rows did: ``"any"``, ``"all"`` or ``"never"``
    :param group_id: of the task group
    :param aws_conn_id: the connection to S3, of all tasks
    :param presenters_path: where presenters are, of all tasks
    :param read: more arguments of ``ReadRowsOperator``
    :param speech: more arguments of ``TextToSpeechOperator``
    :param render: more arguments of ``OmniHumanVideoOperator``, such as ``output_resolution``
    :param archive: more arguments of ``OmniHumanToS3Operator``
    """
    fields = {"presenter": presenter, "image_url": image_url, "voice": voice, "engine": engine, "prompt": prompt, "seed": seed}
    asked: dict[str, Any] = {
        "source": source,
        "rows": rows,
        "script": script,
        "columns": columns,
        "header": header,
        "seeds": seeds,
        "speak": speak,
        "defaults": _given(fields),
    }
    shared: dict[str, Any] = {"aws_conn_id": aws_conn_id}
    folder = _given({"presenters_path": presenters_path})
    limits = _given({"pool": pool, "max_active_tis_per_dagrun": concurrency})
    told: dict[str, Any] = {"title": title, "fail_if": fail_if, "base_url": base_url, "s3_key": report_key, **shared}
    with TaskGroup(group_id):
        table = ReadRowsOperator(**{"task_id": "rows", **asked, **shared, **folder, **(read or {})})
        videos = avatar_clips(
            table.output.map(_usable),
            speak=speak,
            speech=_telling({**shared, **folder, **(speech or {})}),
            render=_telling({**shared, **folder, **limits, **_labelled(aigc_meta, rows=table.task_id), **(render or {})}),
            archive=_telling({**shared, **(archive or {})}),
        )
        tasks = _clip_task_ids(videos, speak=speak)
        report = BatchReportOperator(task_id="report", rows=table.output, clip_task_ids=tasks, **told)
        videos >> report
    return Batch(rows=table.output, videos=videos, report=report.output)


def _usable(row: Any) -> dict[str, Any]:
    """Return a row's clip, or fail its first task. A function of the module: Airflow keeps its source."""
    from airflow_provider_omnihuman.api.errors import InvalidRequestError
    from airflow_provider_omnihuman.batches.clip_rows import usable_clip

    try:
        return usable_clip(row)
    except InvalidRequestError as error:
        raise AirflowFailException(str(error)) from error


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _labelled(aigc_meta: Mapping[str, str] | None, *, rows: str) -> dict[str, Any]:
    """Return the label of a render, its id the row's own and that of what is rendered: another run asks for the same one.

    A row without an id of its own is not named by its place: others may stand there in the next run.
    """
    if aigc_meta is None:
        return {}
    row = f"(ti.xcom_pull(task_ids='{rows}', map_indexes=-1)[ti.map_index])"
    own = f"{{{{ ti.dag_id[:{_ID_PARTS}] }}}}/{{{{ ({row}['own_id'] or 'row')[:{_ID_PARTS}] }}}}/{CONTENT_ID}"
    return {"aigc_meta": {"producer_id": own, **aigc_meta}}


def _telling(arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a task leave word of its failure, beside what else its author wants."""
    given = arguments.get("on_failure_callback") or []
    return {**arguments, "on_failure_callback": [leave_word, *(given if isinstance(given, list | tuple) else [given])]}


def _clip_task_ids(videos: Any, *, speak: bool) -> list[str]:
    """Return the ids of a clip's tasks, in their order."""
    archive: str = videos.operator.task_id
    group = archive.removesuffix("archive")
    return [f"{group}{name}" for name in (*(["speech"] if speak else []), "render", "archive")]
