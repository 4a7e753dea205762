"""What can go wrong on the way from text to audio.

::

    SpeechError
    ├── SpeechInputError        the text, voice or format cannot be spoken by this engine: change it
    ├── SpeechSetupError        a package, a credential or an activation is missing: mend the installation
    ├── SpeechServiceError      the service answered with an error of its own: ``retryable`` tells what to do
    └── SpeechTransportError    no answer, or one that broke off: try again
"""

from __future__ import annotations


class SpeechError(Exception):
    """An engine did not deliver audio.

    :param message: what happened.
    :param code: the service's own code, where there is one.
    :param request_id: what the service's support asks for.
    :param retryable: whether the same call may succeed later.
    :param advice: what to do next.
    """

    #: What ``retryable`` is when the raiser does not say.
    retryable_by_default = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.advice = advice

    def __str__(self) -> str:
        code = f"[{self.code}] " if self.code else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        advice = f": {self.advice}" if self.advice else ""
        return f"{code}{self.message}{request}{advice}"


class SpeechInputError(SpeechError):
    """The text, the voice or the audio format cannot be spoken by this engine."""


class SpeechSetupError(SpeechError):
    """Something that the engine needs is not installed, not configured or not activated."""


class SpeechServiceError(SpeechError):
    """The service answered with an error of its own."""


class SpeechTransportError(SpeechError):
    """The service did not answer, or its answer broke off."""

    retryable_by_default = True
