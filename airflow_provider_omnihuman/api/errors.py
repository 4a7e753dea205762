"""What can go wrong, as a tree.

::

    OmniHumanError
    ├── InvalidRequestError        bad input, told before anything is sent (also a ValueError)
    ├── InvalidConnectionError     a field of the connection is missing or wrong (also a ValueError)
    ├── TransportError             no reply: DNS, refused, reset, timeout
    ├── MalformedReplyError        a reply that is not the API's: a proxy's HTML, half a body, an unknown status
    ├── ServiceError               the service answered with an error code
    │   ├── QuotaError             … of a limit: 50429, 50430, FlowLimitExceeded
    │   └── TaskFailedError        … about the job itself: it is over
    ├── SubmitOutcomeUnknownError  the reply to a submit was lost: the job may exist, and be billed
    ├── TaskNotDoneError           its video was asked for too early
    ├── TaskLostError              the service does not know the task (any more): not_found, expired
    ├── WaitTimeoutError           the deadline passed; the job may still finish
    └── DownloadError              the video's bytes did not arrive whole
        ├── InterruptedDownloadError   … for now: the same URL may give the rest
        └── DeadUrlError               … and only a fresh URL gives the rest

A class exists where a caller would act differently. Every error crosses the trigger boundary as plain data
(:meth:`OmniHumanError.to_dict`, :func:`error_from_dict`) and comes back whole.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from airflow_provider_omnihuman.api.error_codes import Kind, Retry, lookup

__all__ = [
    "DeadUrlError",
    "DownloadError",
    "InterruptedDownloadError",
    "InvalidConnectionError",
    "InvalidRequestError",
    "MalformedReplyError",
    "OmniHumanError",
    "QuotaError",
    "ServiceError",
    "SubmitOutcomeUnknownError",
    "TaskFailedError",
    "TaskLostError",
    "TaskNotDoneError",
    "TransportError",
    "WaitTimeoutError",
    "error_from_dict",
]


class OmniHumanError(Exception):
    """Base of all errors of this package.

    :param message: what happened, to which task
    :param code: the business or gateway code, if the service gave one
    :param request_id: of the reply (support asks for it)
    :param logid: the ``X-Tt-Logid`` header of the reply
    :param http_status: of the reply
    :param task_id: the OmniHuman task concerned
    :param retry: what may mend it; each class has its own default
    :param advice: what to do next
    """

    default_retry: ClassVar[Retry] = Retry.NEVER
    wire_fields: ClassVar[tuple[str, ...]] = ("code", "request_id", "logid", "http_status", "task_id", "advice")

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        logid: str | None = None,
        http_status: int | None = None,
        task_id: str | None = None,
        retry: Retry | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.logid = logid
        self.http_status = http_status
        self.task_id = task_id
        self.retry = self.default_retry if retry is None else retry
        self.advice = advice

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.retry is Retry.ASK_AGAIN

    def __str__(self) -> str:
        parts = [f"[{self.code}] " if self.code else "", self.message]
        logid = None if self.logid == self.request_id else self.logid
        ids = {"task": self.task_id, "request": self.request_id, "logid": logid}
        named = ", ".join(f"{name} {value}" for name, value in ids.items() if value and str(value) not in self.message)
        parts.append(f" ({named})" if named else "")
        parts.append(f": {self.advice}" if self.advice else "")
        return "".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data from which :func:`error_from_dict` builds the same error."""
        fields = {name: getattr(self, name) for name in self.wire_fields if getattr(self, name) not in (None, "")}
        return {"error": type(self).__name__, "message": self.message, "retry": self.retry.value, **fields}

    def with_task(self, task_id: str) -> Self:
        """Name the task that the error is about, where the place that raised it could not know."""
        self.task_id = self.task_id or task_id
        return self


class InvalidRequestError(OmniHumanError, ValueError):
    """Bad input, told before anything is sent and before anything is paid."""


class InvalidConnectionError(OmniHumanError, ValueError):
    """A field of the connection is missing or wrong; the message names the field."""


class TransportError(OmniHumanError):
    """No reply came.

    :param may_have_arrived: False only where the request certainly never reached the service (connection refused, no DNS)
    """

    default_retry = Retry.ASK_AGAIN
    wire_fields = (*OmniHumanError.wire_fields, "may_have_arrived")

    def __init__(self, message: str, *, may_have_arrived: bool = True, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.may_have_arrived = may_have_arrived


class MalformedReplyError(OmniHumanError):
    """A reply that is not the API's: a proxy's HTML page, half a body, a field of the wrong type, an unknown status."""

    default_retry = Retry.ASK_AGAIN


class ServiceError(OmniHumanError):
    """The service or its gateway answered with an error code."""

    @property
    def refuses_access(self) -> bool:
        """Whether it is about the keys, which may have been rotated meanwhile."""
        return lookup(self.code or "", http_status=self.http_status).kind is Kind.ACCESS


class QuotaError(ServiceError):
    """A limit was reached: the request was refused, nothing was started."""

    default_retry = Retry.ASK_AGAIN


class TaskFailedError(ServiceError):
    """The job is over and has no video. ``retry`` says whether a new submit may do better."""


class SubmitOutcomeUnknownError(OmniHumanError):
    """A submit was sent and its reply was lost: the job may exist, and be billed. Never repeated automatically."""


class TaskLostError(OmniHumanError):
    """The service does not know the task: a wrong id, another account, or older than 12 h."""


class TaskNotDoneError(OmniHumanError):
    """The video was asked for before the task was done."""

    default_retry = Retry.ASK_AGAIN


class WaitTimeoutError(OmniHumanError):
    """The deadline passed before the job was done. The job may still finish."""


class DownloadError(OmniHumanError):
    """The video's bytes did not arrive whole; a fresh URL may deliver them."""

    default_retry = Retry.ASK_AGAIN


class InterruptedDownloadError(DownloadError):
    """The download broke off, or was refused for now: the same URL may give the rest."""


class DeadUrlError(DownloadError):
    """The URL is dead: only a fresh one gives the rest."""


_CLASSES: dict[str, type[OmniHumanError]] = {
    cls.__name__: cls
    for cls in (
        OmniHumanError,
        InvalidRequestError,
        InvalidConnectionError,
        TransportError,
        MalformedReplyError,
        ServiceError,
        QuotaError,
        TaskFailedError,
        SubmitOutcomeUnknownError,
        TaskLostError,
        TaskNotDoneError,
        WaitTimeoutError,
        DownloadError,
        InterruptedDownloadError,
        DeadUrlError,
    )
}


def error_from_dict(data: dict[str, Any]) -> OmniHumanError:
    """Build the error that :meth:`OmniHumanError.to_dict` described.

    :param data: the mapping; a class that this version does not know becomes its base, so that a message from a newer
        triggerer is never lost
    """
    cls = _CLASSES.get(str(data.get("error")), OmniHumanError)
    names = (name for name in cls.wire_fields if data.get(name) is not None)
    fields = {name: data[name] for name in names}
    retry = Retry(data["retry"]) if data.get("retry") in list(Retry) else None
    return cls(str(data.get("message", "unknown error")), retry=retry, **fields)
