"""What is checked, and what was found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

__all__ = ["Check", "Finding", "demanded"]


class Check(StrEnum):
    """What can be checked, in the order in which it is told."""

    READABLE = "readable"
    """Every picture and all of the sound decode, and none is missing."""
    RESOLUTION = "resolution"
    """The short side is the one asked for."""
    FPS = "fps"
    """There are as many pictures a second as expected."""
    DURATION = "duration"
    """The film is as long as its audio."""
    SOUNDTRACK = "soundtrack"
    """The film's sound is the given audio, in its place."""
    LOUDNESS = "loudness"
    """It is neither too quiet nor too loud, by EBU R128."""
    BLACK = "black"
    """No long stretch is black."""
    FROZEN = "frozen"
    """No long stretch stands still."""
    LABEL = "label"
    """The AIGC label is the one asked for."""
    REPLACEMENT = "replacement"
    """It shows the portrait, and no picture that moderation may have put in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    :param name: of the check
    :param passed: None where it was not run, for which ``message`` has the reason
    :param value: what is there, as plain data
    :param expected: what should be, as plain data
    :param message: for a person: what is wrong, where in the film, and what to do
    """

    name: Check
    passed: bool | None
    value: Any = None
    expected: Any = None
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "name": str(self.name)}


def demanded(findings: Iterable[Finding], *, by_name: Collection[Check]) -> list[Finding]:
    """Return the findings, where what was asked for by name, and could not be run, has failed: a gate must not open on it.

    :param findings: as they were judged
    :param by_name: the checks that were named
    """
    return [
        replace(finding, passed=False) if finding.passed is None and finding.name in by_name else finding for finding in findings
    ]
