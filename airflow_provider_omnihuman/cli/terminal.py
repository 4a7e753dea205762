"""What a command says while it works, on stderr: notes, warnings, questions; colour only where a person sees it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from airflow_provider_omnihuman.cli.answers import Refusal

__all__ = ["Terminal", "TerminalLog", "console_for", "is_colourful"]


def is_colourful(stream: IO[Any]) -> bool:
    """Say whether to use colours: on a terminal, unless NO_COLOR is set (no-color.org).

    :param stream: where to
    """
    return stream.isatty() and not os.environ.get("NO_COLOR")


def console_for(stream: IO[Any]) -> Console:
    """Return what draws on a stream; whether that is a terminal, the stream alone says.

    :param stream: where to
    """
    colours: Literal["auto"] | None = "auto" if is_colourful(stream) else None
    return Console(file=stream, color_system=colours, force_terminal=stream.isatty(), highlight=False)


class Terminal:
    """The person, or the log, at the other end of stderr.

    :param is_json: whether a program reads the answer: then nobody is asked anything
    :param is_verbose: whether to say where errors come from
    """

    def __init__(self, *, is_json: bool = False, is_verbose: bool = False) -> None:
        self.is_json = is_json
        self.is_verbose = is_verbose
        self.console: Console = console_for(sys.stderr)

    @property
    def is_live(self) -> bool:
        """Whether a person watches, who would like a bar that moves."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def say(self, text: str, *, style: str = "") -> None:
        """Say a line.

        :param text: plain; nothing in it is markup
        :param style: of rich
        """
        try:
            self.console.print(text, style=style, markup=False, soft_wrap=not self.console.is_terminal)
        except (OSError, ValueError, RuntimeError, SystemExit):  # rich ends the process where a pipe is broken
            _go_on_unheard()

    def error(self, refusal: Refusal) -> None:
        """Say what went wrong, and what to do.

        :param refusal: the command's last word
        """
        code, request = refusal.facts.get("code"), refusal.facts.get("request_id")
        self.say(
            f"error: {f'[{code}] ' if code else ''}{refusal.message}{f' (request {request})' if request else ''}", style="red"
        )
        if refusal.advice:
            self.say(f"what to do: {refusal.advice}")

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something is under way.

        :param what: a line
        """
        if not self.is_live:
            self.say(what)
            yield
            return
        with self.console.status(escape(what)):
            yield

    @property
    def can_ask(self) -> bool:
        """Whether a person is there to answer."""
        return bool(not self.is_json and sys.stdin and sys.stdin.isatty() and self.console.is_terminal)

    def confirms(self, question: str) -> bool:
        """Ask; return whether the answer is yes. Silence is no.

        :param question: without its question mark
        """
        if not self.can_ask:
            return False
        self.console.print(f"{question}? [y/N] ", end="", markup=False)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _go_on_unheard() -> None:
    """Send the rest of stderr nowhere: its reader is gone, or its disk is full, and a job that is paid for must be kept."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)


class TerminalLog:
    """Takes the lines that a task would log: the ledger's own story, and the id of a job that was just paid for.

    :param terminal: where they are said
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def info(self, message: str, *args: object) -> None:
        """Say it."""
        self._terminal.say(message % args)

    def warning(self, message: str, *args: object) -> None:
        """Say it, to be noticed."""
        self._terminal.say(f"warning: {message % args}", style="yellow")

    def error(self, message: str, *args: object) -> None:
        """Say it, to be acted upon."""
        self._terminal.say(f"error: {message % args}", style="red")
