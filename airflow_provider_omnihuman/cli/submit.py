"""``submit``: check, tell the price, ask, and submit once; the same request again finds the job that is paid for already."""

from __future__ import annotations

import logging
import signal
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.cost import cost_text
from airflow_provider_omnihuman.api.errors import SubmitOutcomeUnknownError, TaskFailedError, TaskLostError
from airflow_provider_omnihuman.api.render import Render
from airflow_provider_omnihuman.cli import wait as waiting
from airflow_provider_omnihuman.cli.answers import Answer, Refusal
from airflow_provider_omnihuman.cli.connecting import connected
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.inputs import media_inputs, refuse_local_files
from airflow_provider_omnihuman.cli.ledger import CommandLineLedger
from airflow_provider_omnihuman.cli.terminal import Terminal, TerminalLog
from airflow_provider_omnihuman.ledger.errors import OrphanedIntentError
from airflow_provider_omnihuman.ledger.submissions import Submissions
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of
from airflow_provider_omnihuman.operators.request import PreparedRequest

if TYPE_CHECKING:
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
    from airflow_provider_omnihuman.ledger.job import Job

__all__ = ["run"]

log = logging.getLogger(__name__)

_ENDS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,  # the terminal was closed, or its line is lost
}


def run(args: Namespace, terminal: Terminal) -> Answer:
    """Submit, and wait where that is asked for, too.

    :param args: of the command line
    :param terminal: asks
    """
    refuse_local_files([("--image", args.image), ("--audio", args.audio), *(("--mask", mask) for mask in args.mask or ())])
    if args.output and not args.wait:
        raise Refusal("--output needs --wait", code=ExitCode.USAGE, facts={"type": "UsageError"})
    output = waiting.new_file(args.output)
    hook = connected(args.conn_id)
    prepared = PreparedRequest.build(
        {
            "image_url": args.image,
            "audio_url": args.audio,
            "mask_url": args.mask or [],
            "prompt": args.prompt,
            "seed": args.seed,
            "output_resolution": args.resolution,
            "pe_fast_mode": args.fast,
        },
        inputs=media_inputs(args.aws_conn_id),
    )
    ledger = CommandLineLedger.at(args.ledger_path)
    job, is_new = _job(args, prepared, hook=hook, ledger=ledger, terminal=terminal)
    facts = {**_facts(job), "is_new": is_new}
    if not args.wait:
        return Answer(facts=facts, text=(job.task_id,))
    terminal.say(f"OmniHuman task {job.task_id}")
    video, path = waiting.video(
        job.task_id, args, hook=hook, request=job.facts, terminal=terminal, found=job.video, output=output
    )
    return waiting.answer(video, path=path, before=(job.task_id,), facts=facts)


def _job(
    args: Namespace, prepared: PreparedRequest, *, hook: OmniHumanHook, ledger: CommandLineLedger, terminal: Terminal
) -> tuple[Job, bool]:
    """Return the job that is paid for already, or submit one; and whether it is new."""
    fingerprint = prepared.fingerprint(conn_id=args.conn_id, api=hook.api)
    aigc_meta = aigc_meta_of(args.aigc_meta)
    facts: dict[str, Any] = {
        **prepared.facts(),
        "req_key": hook.api.site.generate,
        "site": hook.api.site.name,
        "omnihuman_conn_id": args.conn_id,
        "fingerprint": fingerprint,
        "audio_duration_s": None,
        "aigc_meta": aigc_meta.to_dict() if aigc_meta else None,
    }
    record = ledger.of_request(fingerprint)
    submissions = Submissions(
        ledger=record,
        service=hook,
        force_new=args.force_new,
        generation=time.time_ns(),  # each order of a person is one of its own: what was forced before is forced again
        aigc_meta=aigc_meta,
        log=TerminalLog(terminal),
    )
    try:
        finding = submissions.look_up(fingerprint, facts=facts)
        if finding.refusal:
            raise finding.refusal
        if finding.job:
            terminal.say("--force-new would submit, and pay, anew")
            known = {**hook.price.estimate(finding.job.facts.get("audio_duration_s")), **finding.job.facts}
            return replace(finding.job, facts=known), False
        facts["audio_duration_s"] = prepared.check(read=True, max_billed_s=args.max_billed_seconds)
        facts |= hook.price.estimate(facts["audio_duration_s"])
        for warning in prepared.warnings(endpoint=hook.api.base_url):
            terminal.say(f"warning: {warning}", style="yellow")
        _confirm(facts, args, hook=hook, terminal=terminal)
        with ledger.alone(), _held_back(terminal) as caught:
            job = submissions.submit(prepared.request, finding, fingerprint=fingerprint, facts=facts)
            ledger.note_task(record, log=log)
    except (OrphanedIntentError, SubmitOutcomeUnknownError) as error:
        error.advice = _way_on(record.where)
        raise
    except (TaskLostError, TaskFailedError) as error:
        error.advice = "if its video was never archived, it is gone: to render (and pay) again, give --force-new"
        raise
    if caught:
        raise waiting.interrupted(job.task_id, args, code=_ENDS[signal.Signals(caught[0])])
    return job, True


def _confirm(facts: dict[str, Any], args: Namespace, *, hook: OmniHumanHook, terminal: Terminal) -> None:
    """Say what it will cost, and ask.

    :raises Refusal: nobody said yes
    """
    terminal.say(_estimate(facts, hook=hook))
    if args.yes:
        return
    if terminal.confirms("Submit it"):
        return
    asked = terminal.can_ask
    raise Refusal(
        "nothing was submitted: " + ("that was no yes" if asked else "nobody is here to say yes"),
        code=ExitCode.NOT_CONFIRMED,
        advice="" if asked else "give --yes: the render is billed",
        facts={
            "type": "NotConfirmed",
            "estimated_seconds": facts["estimated_seconds"],
            "estimated_cost": facts["estimated_cost"],
        },
    )


def _estimate(facts: dict[str, Any], *, hook: OmniHumanHook) -> str:
    """Return what is known of the price and the time, as a sentence."""
    audio_s = facts["audio_duration_s"]
    kind = f"{facts['output_resolution']}p{', fast' if facts['pe_fast_mode'] else ''}"
    length = "an unknown length" if audio_s is None else f"{audio_s:.1f} s"
    price = cost_text(facts["estimated_cost"])
    cost = f", about {price}" if price else "; what that costs is not known: the connection has no price_per_second"
    usual = Render.of(facts).expected(waiting.learned(hook)).usual_end(queued_s=None, is_queued=False)
    return f"This render is billed: {length} of video ({kind}){cost}{f'; {usual}' if usual else ''}"


@contextmanager
def _held_back(terminal: Terminal) -> Iterator[list[int]]:
    """Keep what would end the process until the reply to the submit is there: else nobody would know whether it is paid for.

    Yields the signals that came meanwhile.
    """
    caught: list[int] = []

    def note(number: int, _: Any) -> None:
        caught.append(number)
        terminal.say("One moment: the submit is on its way, and its answer must not be lost")

    try:
        # Not those that are ignored, as SIGHUP under nohup.
        numbers = [number for number in _ENDS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, note) for number in numbers}
    except ValueError:  # not the main thread, which alone is interrupted
        yield caught
        return
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _way_on(where: str) -> str:
    path = where.removeprefix("file://")
    return (
        "the job may exist, and be billed. Look for it in the vendor's console. If it is there, write "
        f'{{"task_id": "<its id>"}} into {path}, and give the same command again: it goes on with that job. If it is not, delete '
        "that file, or give --force-new"
    )


def _facts(job: Job) -> dict[str, Any]:
    return {"task_id": job.task_id, "request": job.facts}
