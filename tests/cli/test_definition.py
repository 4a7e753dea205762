"""One definition, two parsers: what Airflow shows is what our own console script takes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import pytest

from airflow_provider_omnihuman import get_provider_info
from airflow_provider_omnihuman.cli.definition import COMMANDS, get_omnihuman_cli_commands
from airflow_provider_omnihuman.cli.main import parser


def options(root):
    """The options of each command, as a parser has them."""
    (subparsers,) = [action for action in root._actions if isinstance(action, argparse._SubParsersAction)]
    return {
        name: {(*action.option_strings, action.dest): (action.default, action.nargs, action.required) for action in sub._actions}
        for name, sub in subparsers.choices.items()
    }


def airflows_parser():
    from airflow.cli.cli_parser import _add_command

    root = argparse.ArgumentParser()
    groups = root.add_subparsers()
    (group,) = get_omnihuman_cli_commands()
    _add_command(groups, group)
    return groups.choices["omnihuman"]


def test_airflow_finds_the_commands_in_the_provider_info():
    from airflow.providers_manager import ProvidersManager

    (name,) = get_provider_info()["cli"]
    assert name.endswith(".get_omnihuman_cli_commands")
    functions = {f"{function.__module__}.{function.__name__}" for function in ProvidersManager().cli_command_functions}
    assert name in functions


def test_both_parsers_take_the_same():
    assert options(airflows_parser()) == options(parser())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_has_its_module(command):
    assert callable(command.implementation().run)


def test_airflow_ends_with_the_commands_exit_code(connections, capfd):
    args = airflows_parser().parse_args(["status", "nobody-knows-it", "--json"])
    with pytest.raises(SystemExit) as end:
        args.func(args)
    assert end.value.code == 7
    assert json.loads(capfd.readouterr().out)["error"]["type"] == "TaskLostError"


def test_airflow_pays_little_for_it_at_each_of_its_commands():
    """Our modules, and nothing but Python's own library."""
    code = (
        "import sys; before = set(sys.modules); import airflow_provider_omnihuman.cli.definition; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    foreign = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith("airflow_provider_omnihuman")} == set()
    assert {name for name in foreign if name.count(".") > 0} == {
        "airflow_provider_omnihuman.cli",
        "airflow_provider_omnihuman.cli.definition",
    }


@pytest.mark.parametrize(
    "arguments", [["submit"], ["wait"], ["nonsense"], ["submit", "--image", "x", "--audio", "y", "--resolution", "480"]]
)
def test_a_command_line_that_cannot_be_understood_ends_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        parser().parse_args(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: omnihuman")


def test_a_program_is_told_so_in_json(process):
    started = process("wait", "--json")
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 2
    assert json.loads(out)["error"]["type"] == "UsageError"
