"""``doctor``: every check in its order, at no cost; one that breaks is itself a finding."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from airflow_provider_omnihuman.api.urls import scrub
from airflow_provider_omnihuman.cli.answers import Answer, refusal_of
from airflow_provider_omnihuman.cli.check_airflow import (
    check_dag,
    check_deferrable,
    check_ledger,
    check_pool,
    check_test_button,
    check_trigger,
    check_triggerer,
    check_versions,
)
from airflow_provider_omnihuman.cli.check_media import check_audio, check_portrait
from airflow_provider_omnihuman.cli.check_service import Service, check_clock, check_connection, check_keys, check_speech
from airflow_provider_omnihuman.cli.check_store import Store, check_aws, check_bucket, check_reach
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.findings import Finding, State, failed

if TYPE_CHECKING:
    from airflow_provider_omnihuman.cli.terminal import Terminal

__all__ = ["run", "table_of"]

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red", State.SKIPPED: "dim"}


_SEE = "run doctor with --verbose, and see the error that it tells"


def run(args: Namespace, terminal: Terminal) -> Answer:
    """Look at everything.

    :param args: of the command line
    :param terminal: told what is looked at
    """
    service, store = Service(args.conn_id), Store(args.aws_conn_id, args.bucket)
    checks: dict[str, Callable[[], Finding]] = {
        "versions": check_versions,
        "connection": lambda: check_connection(service),
        "keys": lambda: check_keys(service),
        "clock": lambda: check_clock(service),
        "speech": lambda: check_speech(args.speech_conn_id),
        "aws connection": lambda: check_aws(store),
        "bucket": lambda: check_bucket(store),
        "reach of S3": lambda: check_reach(store, endpoint=service.endpoint),
        "pool": lambda: check_pool(args.pool, wanted=service.max_concurrency, fix=args.fix),
        "triggerer": check_triggerer,
        "trigger": check_trigger,
        "deferrable": check_deferrable,
        "test button": check_test_button,
        "ledger": lambda: check_ledger(args.ledger_path),
        "dag": lambda: check_dag(args.dag_id),
        "portrait": lambda: check_portrait(args.image, aws_conn_id=args.aws_conn_id, endpoint=service.endpoint),
        "audio": lambda: check_audio(args.audio, aws_conn_id=args.aws_conn_id, endpoint=service.endpoint),
    }
    findings = {}
    with terminal.working("Looking at the set-up, at no cost"):
        for name, check in checks.items():
            findings[name] = _found(check)
    counts = Counter(finding.state for finding in findings.values())
    facts = {
        "checks": [finding.to_dict(name) for name, finding in findings.items()],
        "counts": {state.value: counts[state] for state in State},
    }
    return Answer(facts=facts, text=(table_of(findings), "", _summary(counts)), code=_code(counts))


def table_of(findings: dict[str, Finding]) -> Table:
    """Return the findings as a table.

    :param findings: by the names of their checks
    """
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, finding in findings.items():
        says = Text(finding.says, style="dim" if finding.state is State.SKIPPED else "")
        if finding.mend:
            says.append(f"\n→ {finding.mend}", style="cyan")
        table.add_row(Text(finding.state.value, style=_STYLES[finding.state]), name, says)
    return table


def _found(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        refusal = refusal_of(error)
        says, _, advice = refusal.message.partition("; ")  # what some checks advise stands in their message
        code = refusal.facts.get("code")
        return failed(scrub(f"[{code}] {says}" if code else says), refusal.advice or advice or _SEE)


def _code(counts: Counter[State]) -> ExitCode:
    if counts[State.FAILED]:
        return ExitCode.FAILED
    return ExitCode.WARNINGS if counts[State.WARNING] else ExitCode.OK


def _summary(counts: Counter[State]) -> str:
    told = ((counts[state], "warnings" if state is State.WARNING and counts[state] > 1 else state.value) for state in State)
    return ", ".join(f"{count} {what}" for count, what in told if count)
