"""Tell what became of each row of a batch: a page with its posters, and the same as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator, TriggerRule

from airflow_provider_omnihuman.links.s3_objects import LinkedObjects, ReportLink
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["FAIL_IF", "BatchReportOperator"]

FAIL_IF = ("any", "all", "never")
_WORD_COMES_WITHIN_S = 3.0
"""A task's state is known a moment before its callback has run."""
_READERS = 8
_MAX_POSTER_BYTES = 8 * 1024 * 1024
_FAILURES_IN_XCOM = 50


class BatchReportOperator(BaseOperator):
    """Write a report of a batch into S3: a table of all rows, their posters, seconds and cost, and why some failed.

    Runs when all rows are over, whatever became of them. ``report.html`` needs nothing else: posters are in it, small; and what
    rows say is escaped. ``report.json`` is the same as data, ``report.jpg`` shows all posters on one picture.

    Where rows failed, the report is written, and then this task fails, so that the run is not shown as a success; "clear failed
    tasks" then runs the failed rows again, and this report after them. ``fail_if`` changes that.

    XCom: the return value is ``{report_uri, json_uri, contact_sheet_uri, rows, rendered, reused, failed, skipped, unfinished,
    seconds, billed_seconds, cost, lost_cost, failures}``, pushed where the task fails, too. ``cost`` is a list with one
    ``{amount, currency}`` for each currency, reused videos cost nothing; ``lost_cost`` is the part of it that was rendered and is
    not in the archive. ``failures`` are ``{id, number, task, message, advice, code}``.

    :param rows: as ``ReadRowsOperator`` returned them (templated)
    :param clip_task_ids: the mapped tasks of each row, in their order; the last one is the archive
    :param title: of the page; by default the Dag's id (templated)
    :param fail_if: ``"any"``: fail where a row failed; ``"all"``: where no row has a video; ``"never"``
    :param base_url: where the bucket is served, such as ``https://videos.example.com/``: the page links to the videos there;
        without it, it names their ``s3://`` URIs (templated)
    :param s3_key: a key ending in ``.html``, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>/report.html`` (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param s3_extra_args: for the objects written
    :param aws_conn_id: the connection to S3 (templated)
    :raises ValueError: ``fail_if`` is none of the three
    :raises AirflowFailException: rows failed, as ``fail_if`` says; or there are no rows, since they could not be read
    """

    template_fields: Sequence[str] = ("rows", "title", "base_url", "s3_key", "s3_bucket", "aws_conn_id")
    template_fields_renderers = {"rows": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#e6dcf5"
    operator_extra_links = (ReportLink(),)
    linked: LinkedObjects | None = None
    """What the link leads to."""

    def __init__(
        self,
        *,
        rows: Sequence[Mapping[str, Any]] | XComArg,
        clip_task_ids: Sequence[str],
        title: str | None = None,
        fail_if: str = "any",
        base_url: str | None = None,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        s3_extra_args: dict[str, Any] | None = None,
        aws_conn_id: str | None = "aws_default",
        trigger_rule: str = TriggerRule.ALL_DONE,
        **kwargs: Any,
    ) -> None:
        super().__init__(trigger_rule=trigger_rule, **kwargs)
        if fail_if not in FAIL_IF:
            raise ValueError(f"fail_if must be one of {', '.join(FAIL_IF)}, not {fail_if!r}")
        self.rows: Any = rows
        self.clip_task_ids = list(clip_task_ids)
        self.title = title
        self.fail_if = fail_if
        self.base_url = base_url
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.s3_extra_args = s3_extra_args
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask what became of the rows, write it down; return the sums."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.batches.page import check_base_url

        if self.rows is None:
            raise AirflowFailException("there are no rows to tell of: the task that reads them has failed, see its log")
        with raising_airflow_errors():
            base_url = check_base_url(optional_text(self.base_url, field="base_url"))
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            place = self._place(hook, context)
            outcomes = self._outcomes(context)
            document = self._write(hook, place, outcomes, context, base_url=base_url)
        self.linked = LinkedObjects(hook=hook, uris={"report": place.uri})
        facts = _facts(document, place)
        self._end(context, facts)
        return facts

    def _place(self, hook: S3Hook, context: Context) -> S3Location:
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.operators.destination import check_bucket

        bucket, key = (optional_text(getattr(self, name), field=name) for name in ("s3_bucket", "s3_key"))
        place = locate(hook, bucket=bucket, key=key, context=context, filename="report.html")
        check_bucket(hook, place)
        return place

    def _outcomes(self, context: Context) -> list[dict[str, Any]]:
        """Return what became of each row."""
        from airflow_provider_omnihuman.batches.outcomes import outcome_of

        states = self._states(context)
        failures = self._failures(context, states)
        return [
            outcome_of(
                row,
                states=states[index],
                archived=self._archived(context, states[index], index),
                failure=failures.get(index),
                estimate=self._estimate(context, states[index], index),
            )
            for index, row in enumerate(self.rows)
        ]

    def _states(self, context: Context) -> list[dict[str, str | None]]:
        """Return the state of each row's tasks."""
        ti: Any = context["ti"]
        found = ti.get_task_states(dag_id=ti.dag_id, task_ids=self.clip_task_ids, run_ids=[ti.run_id]).get(ti.run_id, {})
        by_index = [{task: found.get(f"{task}_{index}") for task in self.clip_task_ids} for index in range(len(self.rows))]
        return [{task: None if state is None else str(state) for task, state in states.items()} for states in by_index]

    def _archived(self, context: Context, states: Mapping[str, str | None], index: int) -> Any:
        *_, archive = self.clip_task_ids
        return self._pulled(context, archive, index) if states[archive] == "success" else None

    def _estimate(self, context: Context, states: Mapping[str, str | None], index: int) -> Any:
        """Return what was rendered, and so is paid for, though it is not in the archive; None where nothing is."""
        *_, render, archive = self.clip_task_ids
        lost = states[render] == "success" and states[archive] != "success"
        return self._pulled(context, render, index, key="request") if lost else None

    def _failures(self, context: Context, states: Sequence[Mapping[str, str | None]]) -> dict[int, Any]:
        """Return the words that failed tasks left, by row."""
        from airflow_provider_omnihuman.batches.failures import FAILURE_KEY

        failed = {
            index: next(task for task, state in tasks.items() if state == "failed")
            for index, tasks in enumerate(states)
            if "failed" in tasks.values()
        }
        told = {index: self._pulled(context, task, index, key=FAILURE_KEY) for index, task in failed.items()}
        if silent := [index for index, word in told.items() if not word]:
            time.sleep(_WORD_COMES_WITHIN_S)
            told |= {index: self._pulled(context, failed[index], index, key=FAILURE_KEY) for index in silent}
        return told

    @staticmethod
    def _pulled(context: Context, task_id: str, index: int, *, key: str = "return_value") -> Any:
        return context["ti"].xcom_pull(task_ids=task_id, map_indexes=index, key=key)

    def _write(
        self,
        hook: S3Hook,
        place: S3Location,
        outcomes: Sequence[Mapping[str, Any]],
        context: Context,
        *,
        base_url: str | None,
    ) -> dict[str, Any]:
        """Put picture, data and page into S3, the page last; return the data."""
        from airflow_provider_omnihuman.archive.objects import put_object
        from airflow_provider_omnihuman.batches.outcomes import report_document
        from airflow_provider_omnihuman.batches.page import report_page
        from airflow_provider_omnihuman.batches.pictures import Tile, contact_sheet, thumbnail_px
        from airflow_provider_omnihuman.operators.archive_inputs import task_facts

        size_px = thumbnail_px(len(outcomes))
        thumbnails = self._thumbnails(hook, outcomes, size_px=size_px)
        sheet = _beside(place, ".jpg") if thumbnails else None
        if sheet:
            tiles = [Tile(f"{row['number']}  {row['id']}", thumbnails.get(row["poster_uri"])) for row in outcomes]
            put_object(hook, sheet, contact_sheet(tiles, size_px=size_px), content_type="image/jpeg")
        document = report_document(
            outcomes,
            title=optional_text(self.title, field="title") or self.dag_id,
            airflow=task_facts(context),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            contact_sheet_uri=sheet.uri if sheet else None,
        )
        data = json.dumps(document, ensure_ascii=False, indent=2).encode(errors="replace")
        put_object(hook, _beside(place, ".json"), data, content_type="application/json")
        page = report_page(document, thumbnails=thumbnails, base_url=base_url)
        put_object(hook, place, page.encode(errors="replace"), content_type="text/html; charset=utf-8")
        return document

    def _thumbnails(self, hook: S3Hook, outcomes: Sequence[Mapping[str, Any]], *, size_px: int) -> dict[str, bytes]:
        """Return small posters by their URI; one that cannot be read is left out."""
        from concurrent.futures import ThreadPoolExecutor

        from airflow_provider_omnihuman.batches.pictures import thumbnail

        client = hook.get_conn()
        uris = sorted({row["poster_uri"] for row in outcomes if row["poster_uri"]})

        def small(uri: str) -> bytes | None:
            poster = _read(client, uri)
            return thumbnail(poster, size_px=size_px) if poster else None

        with ThreadPoolExecutor(_READERS) as readers:
            return {uri: picture for uri, picture in zip(uris, readers.map(small, uris), strict=True) if picture}

    def _end(self, context: Context, facts: dict[str, Any]) -> None:
        """Say how it went; fail where the author wants it."""
        videos, rows, failed = facts["rendered"] + facts["reused"], facts["rows"], facts["failed"]
        self.log.info(
            "%d of %d videos are in the archive (%d reused), %d failed: %s",
            *(videos, rows, facts["reused"], failed, facts["report_uri"]),
        )
        for failure in facts["failures"]:
            self.log.warning("%s (%s): %s", failure["id"], failure["task"], failure["message"])
        is_failed = {"any": failed > 0, "all": rows > 0 and not videos, "never": False}[self.fail_if]
        if is_failed:
            context["ti"].xcom_push(key="return_value", value=facts)
            first = facts["failures"][0]["message"] if facts["failures"] else "see the report"
            raise AirflowFailException(f"{failed} of {rows} rows failed; the report is {facts['report_uri']}; the first: {first}")


def _facts(document: Mapping[str, Any], place: S3Location) -> dict[str, Any]:
    failures = [{"id": row["id"], "number": row["number"], **row["failure"]} for row in document["rows"] if row["failure"]]
    return {
        "report_uri": place.uri,
        "json_uri": _beside(place, ".json").uri,
        "contact_sheet_uri": document["contact_sheet_uri"],
        **document["totals"],
        "failures": failures[:_FAILURES_IN_XCOM],
    }


def _beside(page: S3Location, suffix: str) -> S3Location:
    from airflow_provider_omnihuman.archive.location import S3Location

    return S3Location(page.bucket, page.key.removesuffix(".html") + suffix)


def _read(client: Any, uri: str) -> bytes | None:
    """Return an object's bytes; None where it cannot be read: a picture is not worth the report."""
    from botocore.exceptions import BotoCoreError, ClientError

    from airflow_provider_omnihuman.archive.location import S3Location

    place = S3Location.from_uri(uri, field="poster_uri")
    try:
        body: bytes = client.get_object(Bucket=place.bucket, Key=place.key)["Body"].read(_MAX_POSTER_BYTES)
    except (BotoCoreError, ClientError):
        return None
    return body
