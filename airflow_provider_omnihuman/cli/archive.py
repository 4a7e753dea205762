"""``archive``: ``OmniHumanToS3Operator`` for a person; what the ledger knows of the task goes into the manifest."""

from __future__ import annotations

import logging
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.cost import cost_text
from airflow_provider_omnihuman.api.errors import TaskNotDoneError
from airflow_provider_omnihuman.cli.answers import Answer, Refusal, lines
from airflow_provider_omnihuman.cli.connecting import connected
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.ledger import CommandLineLedger
from airflow_provider_omnihuman.cli.task import command_line_context
from airflow_provider_omnihuman.cli.wait import come_back, label_of

if TYPE_CHECKING:
    from airflow_provider_omnihuman.cli.terminal import Terminal

__all__ = ["executed", "run"]

log = logging.getLogger(__name__)


def run(args: Namespace, terminal: Terminal) -> Answer:
    """Archive.

    :param args: of the command line
    :param terminal: told what happens
    """
    from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator

    if not args.to.lower().startswith("s3://"):
        raise Refusal(f"--to must be an s3://bucket/key URL, not {args.to!r}", code=ExitCode.BAD_INPUT, facts={"type": "Place"})
    connected(args.conn_id)
    request = CommandLineLedger.at(args.ledger_path).facts_of(args.task_id, log=log)
    label = label_of(args, request)
    operator = OmniHumanToS3Operator(
        task_id="archive",
        omnihuman_task_id=args.task_id,
        request=request,
        aigc_meta=label.to_dict() if label else None,
        s3_key=args.to,
        replace=not args.no_replace,
        aigc_label=args.aigc_label,
        omnihuman_conn_id=args.conn_id,
        aws_conn_id=args.aws_conn_id,
        outlets=[],
    )
    with terminal.working(f"Archiving OmniHuman task {args.task_id} in {args.to}"):
        try:
            facts = executed(operator, "archive")
        except TaskNotDoneError as error:
            error.advice = come_back(args.task_id, args)
            raise
    shown = {**facts, "cost": cost_text(facts.get("cost")) or None}
    return Answer(facts=facts, text=lines((name, shown.get(name)) for name in _SHOWN))


_SHOWN = ("uri", "manifest_uri", "poster_uri", "bytes", "sha256", "duration_s", "width", "height", "fps", "cost")


def executed(operator: Any, command: str) -> Any:
    """Run an operator's code; return what it returns.

    :param operator: made for this once
    :param command: that runs it
    """
    # Past Airflow's guard, which warns of operators inside other tasks: here is no task.
    execute = type(operator).execute
    return getattr(execute, "__wrapped__", execute)(operator, command_line_context(command))
