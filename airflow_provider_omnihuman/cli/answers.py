"""What a command answers: text for a person or one JSON document for a program; an error is an answer, too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_provider_omnihuman.cli.exit_codes import ExitCode

__all__ = ["Answer", "Refusal", "Terminated", "as_json", "code_of", "error_document", "lines", "refusal_of", "usage_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is printed to stdout.

    :param facts: for a program
    :param text: for a person: lines, and what rich can draw
    :param code: how the process ends
    """

    facts: dict[str, Any]
    text: tuple[Any, ...] = ()
    code: ExitCode = ExitCode.OK


class Refusal(Exception):  # noqa: N818 - it is no error of the program
    """A command ends without its answer, and says why.

    :param message: what happened
    :param code: how the process ends
    :param advice: what to do next
    :param facts: what is known all the same, for a program
    """

    def __init__(self, message: str, *, code: ExitCode, advice: str = "", facts: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.advice = advice
        self.facts = facts or {}


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a class of errors ends the process."""

    names: frozenset[str]
    code: ExitCode


def _ending(code: ExitCode, *names: str) -> _Ending:
    return _Ending(frozenset(names), code)


_ENDINGS = (
    _ending(ExitCode.OUTCOME_UNKNOWN, "SubmitOutcomeUnknownError", "OrphanedIntentError"),
    _ending(ExitCode.BAD_INPUT, "InvalidRequestError", "ArchiveError", "MediaError"),
    _ending(ExitCode.CONNECTION, "InvalidConnectionError", "SpeechSetupError"),
    _ending(ExitCode.NOT_DONE, "WaitTimeoutError", "TaskNotDoneError"),
    _ending(ExitCode.JOB_FAILED, "TaskFailedError"),
    _ending(ExitCode.JOB_LOST, "TaskLostError"),
)
"""By name, of the class or of one that it derives from: nothing need be imported to tell."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: what is open is closed on the way out, such as an upload that would be billed for ever."""


def code_of(interrupt: KeyboardInterrupt) -> ExitCode:
    """Return how a process ends that was told to.

    :param interrupt: Ctrl-C, or SIGTERM
    """
    return ExitCode.TERMINATED if isinstance(interrupt, Terminated) else ExitCode.INTERRUPTED


def refusal_of(error: BaseException) -> Refusal:
    """Return what a command answers in place of an exception.

    :param error: whatever came out of the command
    """
    if isinstance(error, Refusal):
        return error
    ours = _ours(error)
    if ours is None:
        return _foreign(error)
    refusal = Refusal(ours.message, code=_code_of(ours), advice=getattr(ours, "advice", ""))
    names = ("code", "request_id", "logid", "http_status", "task_id")
    refusal.facts = {name: value for name in names if (value := getattr(ours, name, None)) is not None}
    refusal.facts["type"] = type(ours).__name__
    return refusal


def error_document(refusal: Refusal, *, command: str) -> dict[str, Any]:
    """Return the JSON document of an error.

    :param refusal: what the command says
    :param command: its name
    """
    facts = {"type": "Refusal", **refusal.facts}
    error = {"type": facts.pop("type"), "message": refusal.message, "advice": refusal.advice or None, **facts}
    return {"command": command, "ok": False, "exit_code": int(refusal.code), "error": error}


def usage_error(message: str) -> str:
    """Return the JSON document of a command line that cannot be understood.

    :param message: of the parser
    """
    refusal = Refusal(message, code=ExitCode.USAGE, facts={"type": "UsageError"})
    return as_json(error_document(refusal, command="omnihuman"))


def as_json(document: dict[str, Any]) -> str:
    """Return one JSON document, and the end of its last line."""
    return json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n"


def _ours(error: BaseException | None) -> Any:
    """Return the error of this package, or of S3, behind an exception: operators raise theirs as Airflow's."""
    from airflow_provider_omnihuman.archive.errors import refused_by_s3

    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if type(error).__module__.startswith("airflow_provider_omnihuman.") and hasattr(error, "message"):
            return error
        if isinstance(error, Exception) and (refused := refused_by_s3(error)):
            return refused
        error = error.__cause__
    return None


def _code_of(error: Any) -> ExitCode:
    names = {cls.__name__ for cls in type(error).__mro__}
    for ending in _ENDINGS:
        if names & ending.names:
            return ending.code
    if getattr(error, "refuses_access", False):
        return ExitCode.CONNECTION
    return ExitCode.TRY_LATER if getattr(error, "retryable", False) else ExitCode.FAILED


def _foreign(error: BaseException) -> Refusal:
    from airflow_provider_omnihuman.api.urls import scrub

    text = " ".join(scrub(str(error)).split())[:500] or "no details"
    is_disk = isinstance(error, OSError) and type(error).__module__ == "builtins"
    advice = "" if is_disk else "run it again with --verbose to see where it comes from"
    return Refusal(f"{type(error).__name__}: {text}", code=ExitCode.FAILED, advice=advice, facts={"type": type(error).__name__})


def lines(values: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
    """Return facts as aligned lines; those that are not known are left out.

    :param values: names and values
    """
    known = [(name, value) for name, value in values if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    return tuple(f"{name:<{width}}  {value}" for name, value in known)
