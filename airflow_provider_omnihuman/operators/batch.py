"""Read the rows of a batch, from a file or from what a query returned."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import optional_text
from airflow_provider_omnihuman.operators.presenting import PresentedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.batches.clip_rows import RowRules
    from airflow_provider_omnihuman.batches.rows import Row

__all__ = ["ReadRowsOperator"]

_MAX_MAP_LENGTH = 1024
"""Airflow's default of ``[core] max_map_length``."""
_MAX_ROWS_BYTES = 2 * 1024 * 1024
"""Of all rows together: they go into one XCom, which each mapped task reads again."""


class ReadRowsOperator(PresentedOperator):
    """Read the rows of a batch, each of which becomes one video.

    A row that cannot be used does not fail this task: it is returned with its ``problem``, and ``batch_videos`` fails it alone,
    before anything is paid for it. This task fails where the table as a whole is wrong: it is not there, has no header, is in
    another encoding, or has more rows than Airflow maps over.

    Columns of the names ``text``, ``voice``, ``engine``, ``image_url``, ``mask_url``, ``prompt``, ``seed``, ``presenter`` and
    ``audio_url`` say what they say; others are there for the ``script``. An empty cell says nothing.

    XCom: the return value is a list with one mapping a row, ``{id, own_id, number, name, problem, take_of}`` and the fields that
    it has. ``own_id`` is what the column ``id`` or ``key`` says, the same in each run, or None; ``id`` is that, or else the row's
    number and a hash of its cells.

    :param source: a CSV or JSON Lines file: an ``s3://`` or http(s) URL, a key in the default bucket of ``aws_conn_id``, or the
        text of the table itself (templated)
    :param rows: in place of ``source``, a list of mappings, or of tuples as ``SQLExecuteQueryOperator`` returns them, whose
        columns ``header`` names (templated)
    :param script: what to say, with placeholders: ``"Hello {{ name }}"`` takes the row's column ``name``. **Not** one of
        Airflow's templates: it sees the row and nothing else, and is filled in once for each row. A row that lacks a column
        that the script needs fails alone
    :param columns: what columns of other names are: ``{"Photo": "image_url", "Customer no.": "id"}`` (templated)
    :param header: the names of the columns, where the first line is a row already, or rows are tuples (templated)
    :param id_column: whose values name the rows; they must differ (templated)
    :param defaults: fields for rows that do not have them, and name no presenter of their own, such as
        ``{"presenter": "news_anchor"}`` (templated)
    :param seeds: make so many takes of each row, one for each seed, to choose from (templated)
    :param speak: rows are texts that are to be spoken; False: each has an ``audio_url``
    :param table_format: ``csv`` or ``jsonl``; None: by the ending of the name, or else by the content (templated)
    :param encoding: of the file; None: UTF-8, and UTF-16 with its mark (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :param presenters_path: where the presenters are that rows name, as for the other operators (templated)
    :raises AirflowFailException: what no retry mends: says what is wrong with the table
    """

    template_fields: Sequence[str] = (
        "source",
        "rows",
        "columns",
        "header",
        "id_column",
        "defaults",
        "seeds",
        "table_format",
        "encoding",
        "aws_conn_id",
        "presenters_path",
    )
    template_fields_renderers = {"columns": "json", "defaults": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#fff3c4"

    def __init__(
        self,
        *,
        source: str | XComArg | None = None,
        rows: Sequence[Any] | XComArg | None = None,
        script: str | None = None,
        columns: Mapping[str, str] | None = None,
        header: Sequence[str] | None = None,
        id_column: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        seeds: Sequence[int] | None = None,
        speak: bool = True,
        table_format: str | None = None,
        encoding: str | None = None,
        aws_conn_id: str | None = "aws_default",
        presenters_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(presenters_path=presenters_path, **kwargs)
        self.source: Any = source
        self.rows: Any = rows
        self.script = script
        self.columns = columns
        self.header = header
        self.id_column = id_column
        self.defaults = defaults
        self.seeds = seeds
        self.speak = speak
        self.table_format = table_format
        self.encoding = encoding
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Read; return the rows."""
        from airflow_provider_omnihuman.batches.clip_rows import clip_rows
        from airflow_provider_omnihuman.batches.rows import limited
        from airflow_provider_omnihuman.batches.variants import takes

        with raising_airflow_errors():
            max_rows = conf.getint("core", "max_map_length", fallback=_MAX_MAP_LENGTH)
            clips = clip_rows(limited(self._read(), max_rows, what="the batch"), self._rules(context))
            if self.seeds:
                clips = takes(clips, self.seeds)
            _check_size(clips, max_rows=max_rows)
        self._tell(clips)
        return clips

    def _read(self) -> Iterator[Row]:
        from airflow_provider_omnihuman.batches.json_rows import rows_of
        from airflow_provider_omnihuman.batches.reading import decoded, rows_of_text
        from airflow_provider_omnihuman.batches.source import fetched, is_text

        source = optional_text(self.source, field="source")
        if (source is None) == (self.rows is None):
            raise InvalidRequestError("a batch has either a source or rows", advice="give the one or the other")
        if source is None:
            return rows_of(self.rows, header=self.header)
        if is_text(source):
            text, name = source, "source"
        else:
            from airflow.providers.amazon.aws.hooks.s3 import S3Hook

            data, name = fetched(source, S3Hook(aws_conn_id=self.aws_conn_id))
            text = decoded(data, encoding=optional_text(self.encoding, field="encoding"), what=name)
        table_format = optional_text(self.table_format, field="table_format")
        return rows_of_text(text, table_format=table_format, header=self.header, what=name)

    def _rules(self, context: Context) -> RowRules:
        from airflow_provider_omnihuman.batches.clip_rows import RowRules
        from airflow_provider_omnihuman.batches.script import Script

        return RowRules(
            speak=self.speak,
            columns=self.columns or {},
            defaults=self.defaults or {},
            script=None if self.script is None else Script(self.script),
            id_column=optional_text(self.id_column, field="id_column"),
            seed_of=self._seed_of(context),
        )

    def _seed_of(self, context: Context) -> Callable[[str], int | None]:
        """Return what looks the seed of a presenter up, each one once."""
        seeds: dict[str, int | None] = {}

        def seed_of(name: str) -> int | None:
            if name not in seeds:
                self.presenter = name
                presenter = self.read_presenter(context)
                seeds[name] = presenter.seed if presenter else None
            return seeds[name]

        return seed_of

    def _tell(self, clips: Sequence[Mapping[str, Any]]) -> None:
        problems = [clip["problem"] for clip in clips if clip["problem"]]
        for problem in problems:
            self.log.warning("Will not be rendered, and nothing is paid for it: %s", problem)
        self.log.info("%d rows, of which %d cannot be used", len(clips), len(problems))


def _check_size(clips: Sequence[Mapping[str, Any]], *, max_rows: int) -> None:
    """Refuse, with a word on what to do, what Airflow would refuse, or choke on."""
    if len(clips) > max_rows:
        raise InvalidRequestError(
            f"the batch has {len(clips)} takes, and Airflow maps over no more than {max_rows} ([core] max_map_length)",
            advice="cut it into several batches, take fewer takes, or raise that option",
        )
    size = len(json.dumps(clips))
    if size > _MAX_ROWS_BYTES:
        raise InvalidRequestError(
            f"the rows have {size / 1024**2:.1f} MB together, and may have {_MAX_ROWS_BYTES // 1024**2}",
            advice="each mapped task reads all of them: cut the batch into several",
        )
