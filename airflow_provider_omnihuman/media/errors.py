"""What can be wrong with a media file.

::

    MediaError                  the file is not what the task needs: another kind, empty, damaged
    └── TruncatedMediaError     it is the right kind, and its end is missing: fetch it again
"""

from __future__ import annotations


class MediaError(Exception):
    """A file cannot serve. It carries the attributes that the API's errors have, so that one place handles all.

    :param message: what is wrong.
    :param source: which file.
    :param advice: what to do next.
    """

    code: str | None = None
    request_id: str | None = None
    retryable = False  # the same file is read the next time

    def __init__(self, message: str, *, source: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.advice = advice

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling: exceptions with keyword-only arguments do not by themselves."""
        return _rebuild, (type(self), self.message, self.source, self.advice)

    def __str__(self) -> str:
        advice = f": {self.advice}" if self.advice else ""
        return f"{self.source} {self.message}{advice}"


class TruncatedMediaError(MediaError):
    """The end of the file is missing."""


def _rebuild(kind: type[MediaError], message: str, source: str, advice: str) -> MediaError:
    return kind(message, source=source, advice=advice)
