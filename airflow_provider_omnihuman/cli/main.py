"""The console script ``omnihuman``: the commands without Airflow's own parser, and so on Airflow 3.1, too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from airflow_provider_omnihuman import __version__
from airflow_provider_omnihuman.cli.definition import COMMANDS, GROUP, HELP, Command
from airflow_provider_omnihuman.cli.exit_codes import ExitCode

__all__ = ["main", "parser"]


class _Parser(argparse.ArgumentParser):
    """Tells a usage error as JSON, too, where the command line asks for JSON."""

    def error(self, message: str) -> NoReturn:
        """End with the usage."""
        if "--json" in sys.argv:
            from airflow_provider_omnihuman.cli.answers import usage_error

            sys.stdout.write(usage_error(message))
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}; `{self.prog} --help` tells more\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    root = _Parser(prog=GROUP, description=HELP)
    root.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    groups = root.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for command in COMMANDS:
        text = f"{command.help}. {command.description}".strip()
        sub = groups.add_parser(command.name, help=command.help, description=text)
        for option in command.arguments:
            sub.add_argument(*option.flags, **option.details)
        sub.set_defaults(command=command)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code.

    :param argv: the arguments; the process's by default
    """
    from airflow_provider_omnihuman.cli.running import run

    args = parser().parse_args(argv)
    command: Command = args.command
    return int(run(command, args))


if __name__ == "__main__":  # python -m airflow_provider_omnihuman.cli.main
    sys.exit(main())
