"""How a command ends, for scripts: one number for each thing that a caller would do differently."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    """Done as asked; of ``doctor``: nothing is wrong."""
    FAILED = 1
    """Anything that has no number of its own; of ``doctor``: something is broken."""
    USAGE = 2
    """The command line cannot be understood."""
    BAD_INPUT = 3
    """An argument, a file or a place was refused before anything was sent or written."""
    CONNECTION = 4
    """The connection is missing or wrong, or its keys are refused."""
    NOT_DONE = 5
    """The job still runs: at the deadline, or when it was asked for."""
    JOB_FAILED = 6
    """The job is over and has no video."""
    JOB_LOST = 7
    """The service does not know the task (any more)."""
    OUTCOME_UNKNOWN = 8
    """A job may have been started, and nobody knows: a person must look before anything is submitted again."""
    TRY_LATER = 9
    """A limit, the network or a passing fault: the same command may succeed later, and pays for nothing twice."""
    NOT_CONFIRMED = 10
    """Nothing was submitted: nobody said yes."""
    WARNINGS = 11
    """Of ``doctor``: it works, and could be better."""
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """SIGTERM."""
