"""What ``doctor`` finds: one line of what is so, and one of how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Finding", "State", "failed", "ok", "skipped", "warning"]


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    """It works, and could be better."""
    FAILED = "failed"
    """It keeps renders or archives from working."""
    SKIPPED = "skipped"
    """It could not be looked at, or does not concern this set-up."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    :param state: how it came out
    :param says: what is so, in one line
    :param mend: what to do about it
    """

    state: State
    says: str
    mend: str = ""

    def to_dict(self, name: str) -> dict[str, Any]:
        """Return plain JSON data.

        :param name: of the check
        """
        return {"check": name, "state": self.state.value, "says": self.says, "mend": self.mend or None}


def ok(says: str) -> Finding:
    """Return that all is well."""
    return Finding(State.OK, says)


def warning(says: str, mend: str) -> Finding:
    """Return what could be better, and how."""
    return Finding(State.WARNING, says, mend)


def failed(says: str, mend: str) -> Finding:
    """Return what is broken, and how to mend it."""
    return Finding(State.FAILED, says, mend)


def skipped(says: str) -> Finding:
    """Return why nobody looked."""
    return Finding(State.SKIPPED, says)
