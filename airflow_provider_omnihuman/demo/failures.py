"""What can go wrong in the demo, each said in one message a person can act on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class DemoError(Exception):
    """The demo cannot go on.

    :param message: what happened and what to do next, in one line.
    :param log_title: whose log the tail below comes from; empty when there is none.
    :param log_tail: the last lines of the log that explains it.
    """

    message: str
    log_title: str = ""
    log_tail: str = ""

    def __str__(self) -> str:
        return self.message


class Interrupted(BaseException):
    """A signal asked the demo to stop; not an ``Exception``, so that no retry loop swallows it.

    :param signal_number: the signal that arrived.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
