"""Running a command: stdout is for its answer alone, every error becomes an answer, and signals end it in good order."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
import warnings
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import IO, Any

from airflow_provider_omnihuman.cli.answers import Answer, Refusal, Terminated, as_json, code_of, error_document, refusal_of
from airflow_provider_omnihuman.cli.definition import Command
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.terminal import Terminal, console_for

__all__ = ["run"]

_OURS = "airflow_provider_omnihuman"
_PROCESS_CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"


def run(command: Command, args: Namespace) -> ExitCode:
    """Run a command and print its answer; return how the process ends.

    :param command: which
    :param args: as either parser read them
    """
    code = ExitCode.FAILED
    with _answer_to_stdout() as stdout, _quiet(verbose=args.verbose), _terminable(), _as_airflows_own_commands():
        terminal = Terminal(is_json=args.json, is_verbose=args.verbose)
        try:
            answer: Answer = command.implementation().run(args, terminal)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is, it is told, as JSON where that was asked for
            refusal = _refusal(error)
            code = refusal.code
            _tell(refusal, command=command, terminal=terminal, stdout=stdout)
        else:
            code = answer.code
            _write(answer, command=command, terminal=terminal, stdout=stdout)
    return code  # here, too, when nobody reads to the end


def _refusal(error: Exception | KeyboardInterrupt) -> Refusal:
    if isinstance(error, KeyboardInterrupt):
        code = code_of(error)
        return Refusal(code.name.lower(), code=code, facts={"type": code.name.capitalize()})
    return refusal_of(error)


def _tell(refusal: Refusal, *, command: Command, terminal: Terminal, stdout: IO[str]) -> None:
    if terminal.is_verbose:
        with suppress(OSError):
            traceback.print_exc(file=sys.stderr)
    terminal.error(refusal)
    if terminal.is_json:
        stdout.write(as_json(error_document(refusal, command=command.name)))


def _write(answer: Answer, *, command: Command, terminal: Terminal, stdout: IO[str]) -> None:
    if terminal.is_json:
        document = {"command": command.name, "ok": answer.code is ExitCode.OK, "exit_code": int(answer.code)}
        stdout.write(as_json(document | answer.facts))
    else:
        _print(answer, stdout)


def _print(answer: Answer, stdout: IO[str]) -> None:
    console = console_for(stdout)
    for part in answer.text:
        if isinstance(part, str):
            stdout.write(f"{part}\n")  # as it is: an id or a URL that is broken into lines cannot be copied
            stdout.flush()
        else:
            console.print(part)


@contextmanager
def _answer_to_stdout() -> Iterator[IO[str]]:
    """Yield stdout, and send what anybody else writes there to stderr: Airflow logs to stdout, and so do its providers."""
    sys.stdout.flush()
    kept = os.dup(1)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield answer
        answer.flush()
    except BrokenPipeError:  # `omnihuman … | head`
        pass
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        with suppress(BrokenPipeError):
            answer.close()


@contextmanager
def _quiet(*, verbose: bool) -> Iterator[None]:
    """Let through what this package warns of, and with ``--verbose`` all that anybody says."""
    ours = logging.getLogger(_OURS)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    before = (ours.level, ours.propagate, logging.root.manager.disable)
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    processors = [] if verbose else _structlog_processors()
    processors.insert(0, _warnings_only)
    if not verbose:
        logging.disable(logging.INFO)
    filters = warnings.catch_warnings()
    with filters:
        if not verbose:
            warnings.simplefilter("ignore")
        try:
            yield
        finally:
            processors.remove(_warnings_only)
            ours.removeHandler(handler)
            ours.setLevel(before[0])
            ours.propagate = before[1]
            logging.disable(before[2])


def _structlog_processors() -> list[Any]:
    """Return the list that all of Airflow's loggers share: structlog's own way to listen in is to change it in place."""
    import airflow.sdk  # noqa: F401 - configures structlog
    import structlog

    found = structlog.get_config().get("processors")
    return found if isinstance(found, list) else []


def _warnings_only(_: Any, method_name: str, event: Any) -> Any:
    if method_name in {"debug", "info"}:
        from structlog import DropEvent

        raise DropEvent
    return event


@contextmanager
def _terminable() -> Iterator[None]:
    def end(*_: Any) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _as_airflows_own_commands() -> Iterator[None]:
    """Let hooks read connections from the metadata database, too: as ``airflow connections test`` does in 3.1, 3.2 and 3.3."""
    before = os.environ.get(_PROCESS_CONTEXT)
    os.environ.setdefault(_PROCESS_CONTEXT, "server")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_PROCESS_CONTEXT, None)
