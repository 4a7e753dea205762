"""What holds for every command: stdout is for the answer, errors are answers, colours are for people."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from argparse import Namespace
from types import SimpleNamespace

import pytest

from airflow_provider_omnihuman.api import errors
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.cli.answers import Answer, refusal_of
from airflow_provider_omnihuman.cli.definition import COMMANDS
from airflow_provider_omnihuman.cli.exit_codes import ExitCode
from airflow_provider_omnihuman.cli.running import run
from airflow_provider_omnihuman.cli.terminal import console_for
from airflow_provider_omnihuman.ledger.errors import LedgerError, OrphanedIntentError

ANSI = "\x1b"
ARGS = Namespace(json=True, verbose=False)


def command(act):
    """A command that does this."""
    return SimpleNamespace(name="try", implementation=lambda: SimpleNamespace(run=lambda *_: act()))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidRequestError("x"), ExitCode.BAD_INPUT),
        (ArchiveError("x"), ExitCode.BAD_INPUT),
        (errors.InvalidConnectionError("x"), ExitCode.CONNECTION),
        (errors.ServiceError("x", code="InvalidAccessKey", http_status=401), ExitCode.CONNECTION),
        (errors.WaitTimeoutError("x"), ExitCode.NOT_DONE),
        (errors.TaskNotDoneError("x"), ExitCode.NOT_DONE),
        (errors.TaskFailedError("x", code="50511"), ExitCode.JOB_FAILED),
        (errors.TaskLostError("x"), ExitCode.JOB_LOST),
        (errors.SubmitOutcomeUnknownError("x"), ExitCode.OUTCOME_UNKNOWN),
        (OrphanedIntentError("x"), ExitCode.OUTCOME_UNKNOWN),
        (errors.QuotaError("x", code="50430"), ExitCode.TRY_LATER),
        (errors.TransportError("x"), ExitCode.TRY_LATER),
        (errors.MalformedReplyError("x"), ExitCode.TRY_LATER),
        (LedgerError("x"), ExitCode.FAILED),
        (ZeroDivisionError("x"), ExitCode.FAILED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_each_error_ends_with_its_code(error, code):
    assert refusal_of(error).code is code


def test_every_error_of_ours_has_a_code_on_purpose():
    known = {
        errors.OmniHumanError,
        errors.ServiceError,
        errors.DownloadError,
        errors.DeadUrlError,
        errors.InterruptedDownloadError,
    }
    for cls in errors._CLASSES.values():
        code = refusal_of(cls("x")).code
        assert cls in known or code is not ExitCode.FAILED, cls


def test_an_error_behind_airflows_is_told_as_itself():
    from airflow.providers.common.compat.sdk import AirflowFailException

    error = AirflowFailException("wrapped")
    error.__cause__ = errors.TaskLostError("lost", task_id="42", request_id="r")
    refusal = refusal_of(error)
    assert (refusal.code, refusal.facts["task_id"], refusal.facts["request_id"]) == (ExitCode.JOB_LOST, "42", "r")


def test_stdout_is_for_the_answer_alone(capfd):
    def noisy():
        sys.stdout.write("a library prints\n")
        os.write(1, b"so does one in C\n")
        logging.getLogger("airflow_provider_omnihuman.x").warning("we warn")
        return Answer(facts={"n": 1})

    assert run(command(noisy), ARGS) is ExitCode.OK
    out, err = capfd.readouterr()
    assert json.loads(out) == {"command": "try", "ok": True, "exit_code": 0, "n": 1}
    assert "a library prints" in err
    assert "so does one in C" in err
    assert "we warn" in err


def test_stdout_is_as_it_was_afterwards(capfd):
    run(command(lambda: Answer(facts={})), ARGS)
    capfd.readouterr()
    sys.stdout.write("mine\n")
    os.write(1, b"and mine\n")
    sys.stdout.flush()
    assert sorted(capfd.readouterr().out.split("\n")) == ["", "and mine", "mine"]


def test_a_crash_is_one_document_without_its_secrets(capfd):
    def crash():
        raise ValueError("GET https://bucket.example.com/a.wav?X-Amz-Signature=abcdef failed")

    assert run(command(crash), ARGS) is ExitCode.FAILED
    out, err = capfd.readouterr()
    assert json.loads(out)["error"]["type"] == "ValueError"
    assert "abcdef" not in out + err
    assert "Traceback" not in err


def test_a_reader_that_goes_away_changes_no_exit_code(process):
    reading, writing = os.pipe()
    os.close(reading)
    started = process(
        "status", "1", "--json", streams={"stdin": subprocess.DEVNULL, "stdout": writing, "stderr": subprocess.PIPE}
    )
    os.close(writing)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 7
    assert "BrokenPipe" not in err


def test_a_missing_connection_is_told_with_what_makes_one(omnihuman):
    ran = omnihuman("status", "1", "--conn-id", "no_such_connection", "--json")
    assert ran.code == 4
    assert "there is no connection 'no_such_connection'" in ran.document["error"]["message"]
    assert "airflow connections add no_such_connection" in ran.document["error"]["advice"]


def test_a_connection_of_another_service_is_refused(omnihuman, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_A_DATABASE", "postgres://user:secret@host/db")
    ran = omnihuman("status", "1", "--conn-id", "a_database", "--json")
    assert (ran.code, ran.document["error"]["type"]) == (4, "InvalidConnectionError")
    assert "secret" not in ran.out + ran.err


def test_wrong_keys_are_told_with_code_and_advice(omnihuman, emulator, monkeypatch):
    document = {"conn_type": "omnihuman", "login": "AKLTwrong", "password": "x" * 9, "extra": {"endpoint": emulator.endpoint}}
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
    ran = omnihuman("status", "1", "--json")
    assert (ran.code, ran.document["error"]["code"]) == (4, "InvalidAccessKey")
    assert ran.document["error"]["request_id"]


def test_there_are_no_colours_where_nobody_sees_them(omnihuman, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = omnihuman("doctor")
    assert "keys" in ran.out
    assert ANSI not in ran.out + ran.err
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_there_are_no_colours_where_nobody_wants_them(monkeypatch):
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w") as terminal:
        assert console_for(terminal).color_system
        monkeypatch.setenv("NO_COLOR", "1")
        assert console_for(terminal).color_system is None


def test_the_commands_are_those_that_are_documented():
    from tests.conftest import PROJECT

    text = (PROJECT / "docs" / "command-line.md").read_text()
    for one in COMMANDS:
        assert f"omnihuman {one.name}" in text
        for option in one.options:
            assert option.flags[0].startswith("-") is False or f"`{option.flags[0]}" in text, (one.name, option.flags)
    for code in ExitCode:
        assert f"| {code.value} |" in text, code
