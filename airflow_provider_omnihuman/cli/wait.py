"""``wait``: until the video is there, with a bar; Ctrl-C says how to go on."""

from __future__ import annotations

import logging
import time
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import OmniHumanError, WaitTimeoutError
from airflow_provider_omnihuman.api.models import AigcMeta, TaskReply, TaskStatus, Video
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.api.waiting import Wait
from airflow_provider_omnihuman.cli.answers import Answer, Refusal, code_of
from airflow_provider_omnihuman.cli.connecting import connected
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.ledger import CommandLineLedger
from airflow_provider_omnihuman.cli.progress import WaitingBar
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, seconds

if TYPE_CHECKING:
    from airflow_provider_omnihuman.api.render_times import RenderTimes
    from airflow_provider_omnihuman.cli.terminal import Terminal
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["answer", "come_back", "interrupted", "label_of", "learned", "new_file", "run", "video"]

log = logging.getLogger(__name__)


def run(args: Namespace, terminal: Terminal) -> Answer:
    """Wait; download where that is asked for.

    :param args: of the command line
    :param terminal: shows the bar
    """
    output = new_file(args.output)
    hook = connected(args.conn_id)
    request = CommandLineLedger.at(args.ledger_path).facts_of(args.task_id, log=log)
    found, path = video(args.task_id, args, hook=hook, request=request, terminal=terminal, output=output)
    return answer(found, path=path)


def video(
    task_id: str,
    args: Namespace,
    *,
    hook: OmniHumanHook,
    request: dict[str, Any],
    terminal: Terminal,
    found: Video | None = None,
    output: Path | None = None,
) -> tuple[Video, Path | None]:
    """Return the video, and the file that it was downloaded to.

    :param task_id: of the job
    :param args: ``timeout``, ``aigc_meta`` and ``conn_id`` are used
    :param hook: asks
    :param request: what is known of the job
    :param terminal: shows the bar
    :param found: the video where it is there already
    :param output: where to download it; None for nowhere
    :raises Refusal: interrupted; says how to go on
    """
    aigc_meta = label_of(args, request)
    deadline = time.time() + seconds(args.timeout, field="--timeout")
    try:
        done = found or _wait(task_id, hook=hook, request=request, deadline=deadline, aigc_meta=aigc_meta, terminal=terminal)
        if output:
            _refuse_what_is_there(output, advice=come_back(task_id, args), task_id=task_id)
            terminal.say(f"Downloading to {output}")
            hook.get_conn().download(done, output, aigc_meta=aigc_meta)
    except KeyboardInterrupt as stop:
        raise interrupted(task_id, args, code=code_of(stop)) from None
    except WaitTimeoutError as error:
        error.advice = f"the job may still finish, and is billed: {come_back(task_id, args)}"
        raise
    except OmniHumanError as error:
        error.with_task(task_id)
        raise
    except OSError as error:  # the file cannot be written
        said = f"{error.filename or output}: {error.strerror}; OmniHuman task {task_id} is paid for, and not lost"
        facts = {"type": type(error).__name__, "task_id": task_id}
        raise Refusal(said, code=ExitCode.FAILED, advice=come_back(task_id, args), facts=facts) from error
    return done, output


def interrupted(task_id: str, args: Namespace, *, code: ExitCode) -> Refusal:
    """Return what to say when a person goes away: how to come back.

    :param task_id: of the job, which runs
    :param args: of the command line
    :param code: how the process ends
    """
    return Refusal(
        f"{code.name.lower()}; OmniHuman task {task_id} goes on by itself, and is billed",
        code=code,
        advice=come_back(task_id, args),
        facts={"type": code.name.capitalize(), "task_id": task_id},
    )


def come_back(task_id: str, args: Namespace) -> str:
    """Return the command that waits for a job again.

    :param task_id: of the job
    :param args: of the command line
    """
    conn = "" if args.conn_id == OMNIHUMAN_CONN_ID else f" --conn-id {args.conn_id}"
    ledger = f" --ledger-path {args.ledger_path}" if args.ledger_path else ""
    return f"wait for it again within 12 h of its submit: omnihuman wait {task_id}{conn}{ledger}"


def _wait(
    task_id: str,
    *,
    hook: OmniHumanHook,
    request: dict[str, Any],
    deadline: float,
    aigc_meta: AigcMeta | None,
    terminal: Terminal,
) -> Video:
    render = Render.of(request)
    expected = render.expected(learned(hook))
    with WaitingBar(terminal, task_id, expected=expected) as bar:
        reply = hook.fetch(task_id, aigc_meta=aigc_meta)  # the learned schedule would say nothing for minutes
        bar.heard(reply.status)
        if reply.status is TaskStatus.DONE and reply.video_url:
            return video_of(reply)
        wait = Wait(deadline=deadline)
        return hook.wait_until_done(task_id, wait=wait, aigc_meta=aigc_meta, render=render, on_change=bar.changed)


def video_of(reply: TaskReply) -> Video:
    """Return the video that a reply holds.

    :param reply: one with a URL
    """
    return Video(
        task_id=reply.task_id,
        video_url=reply.video_url or "",
        aigc_meta_tagged=reply.aigc_meta_tagged,
        request_id=reply.request_id,
        asked_at=time.time(),
    )


def learned(hook: OmniHumanHook) -> RenderTimes:
    """Return what earlier waits learned of a connection's renders.

    :param hook: of the connection
    """
    from airflow_provider_omnihuman.hooks.render_times_file import RenderTimesFile

    return RenderTimesFile(hook.omnihuman_conn_id).load()


def label_of(args: Namespace, request: dict[str, Any]) -> AigcMeta | None:
    """Return the AIGC label to ask for: the one given, or the one that the submit was given.

    :param args: of the command line
    :param request: what is known of the job
    """
    return aigc_meta_of(args.aigc_meta) or aigc_meta_of(request.get("aigc_meta"))


def new_file(name: str | None) -> Path | None:
    """Return the file to download to; what could keep it from being written is told before the wait for it.

    :param name: as given
    :raises Refusal: it is there already, or its folder is not
    """
    if not name:
        return None
    path = Path(name).expanduser()
    if path.exists():
        wrong = f"{path} is there already"
    elif not path.parent.is_dir():
        wrong = f"there is no folder {path.parent}"
    else:
        return path
    raise Refusal(wrong, code=ExitCode.BAD_INPUT, advice="give --output another name", facts={"type": "OutputFile"})


def _refuse_what_is_there(path: Path, *, advice: str, task_id: str) -> None:
    """Refuse a file that somebody made during the wait: it may be another video, and nothing is written over."""
    if path.exists():
        facts = {"type": "OutputFile", "task_id": task_id}
        advice = f"give --output another name; {advice}"
        raise Refusal(f"{path} is there by now", code=ExitCode.BAD_INPUT, advice=advice, facts=facts)


def answer(found: Video, *, path: Path | None, before: tuple[str, ...] = (), facts: dict[str, Any] | None = None) -> Answer:
    """Return the answer that tells of a video.

    :param found: the video
    :param path: the file that it was downloaded to
    :param before: lines before its URL
    :param facts: that are known beside
    """
    dies = datetime.fromtimestamp(found.url_expires_at, UTC).isoformat(timespec="seconds")
    told = {**found.to_dict(), "url_expires_at": dies, "file": str(path) if path else None}
    return Answer(facts={**(facts or {}), **told}, text=(*before, str(path) if path else found.video_url))
