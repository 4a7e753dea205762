"""``status``: one question."""

from __future__ import annotations

import logging
from argparse import Namespace
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.api.models import TaskStatus
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.waiting import lost_error
from airflow_provider_omnihuman.cli.answers import Answer, lines
from airflow_provider_omnihuman.cli.connecting import connected
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.ledger import CommandLineLedger
from airflow_provider_omnihuman.cli.wait import label_of, learned

if TYPE_CHECKING:
    from airflow_provider_omnihuman.cli.terminal import Terminal

__all__ = ["run"]

log = logging.getLogger(__name__)


def run(args: Namespace, terminal: Terminal) -> Answer:  # noqa: ARG001 - every command is given one
    """Ask.

    :param args: of the command line
    :param terminal: has nothing to show here
    """
    hook = connected(args.conn_id)
    request = CommandLineLedger.at(args.ledger_path).facts_of(args.task_id, log=log)
    reply = hook.fetch(args.task_id, aigc_meta=label_of(args, request))
    if reply.status.is_lost:
        raise lost_error(reply)
    is_done = reply.status is TaskStatus.DONE
    usual = Render.of(request).expected(learned(hook)).usual_end(queued_s=None, is_queued=reply.status is TaskStatus.IN_QUEUE)
    facts = {
        "task_id": reply.task_id,
        "status": reply.status.value,
        "video_url": reply.video_url,
        "aigc_meta_tagged": reply.aigc_meta_tagged,
        "request_id": reply.request_id,
        "submitted_at": request.get("submitted_at"),
    }
    text = lines(
        (
            ("status", reply.status.value),
            ("submitted", facts["submitted_at"]),
            ("outlook", None if is_done else usual or None),
            ("video", reply.video_url),
        )
    )
    return Answer(facts=facts, text=text, code=ExitCode.OK if is_done and reply.video_url else ExitCode.NOT_DONE)
