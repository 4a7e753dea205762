"""Every error code that the service and its gateway document, as data: what it means, what a retry does, what to do.

Sources: the reference page's table of business codes; the vendor's common error pages for the gateway; what callers of the
live API report (marked ``seen``). The codes are strings because the gateway's are words, and because a business code can
come inside the gateway's envelope (``Error.Code == "50215"``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["BUSINESS_CODES", "CONCURRENCY_LIMIT", "GATEWAY_CODES", "SUCCESS", "ErrorCode", "Kind", "Retry", "lookup"]

SUCCESS = "10000"
CONCURRENCY_LIMIT = "50430"


class Retry(StrEnum):
    """What may mend the error."""

    NEVER = "never"
    """No repetition mends it: change the request, the key or the account."""
    ASK_AGAIN = "ask_again"
    """The same call may succeed later."""
    NEW_SUBMIT = "new_submit"
    """This job is over; the same request submitted anew (and billed anew) may succeed."""


class Kind(StrEnum):
    """What the error is about."""

    INPUT = "input"
    AUDIT = "audit"
    ACCESS = "access"
    QUOTA = "quota"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One documented code.

    :param code: as the wire has it
    :param meaning: in English, for a person
    :param retry: what may mend it
    :param kind: what it is about; ``INPUT`` and ``AUDIT`` at query time mean that the job itself has failed
    :param advice: what to do next
    :param http_status: the documented HTTP status, for information: the body decides
    """

    code: str
    meaning: str
    retry: Retry
    kind: Kind
    advice: str
    http_status: int | None = None


def _table(*rows: tuple[str, int | None, Retry, Kind, str, str]) -> dict[str, ErrorCode]:
    return {
        code: ErrorCode(code, meaning, retry, kind, advice, http_status)
        for code, http_status, retry, kind, meaning, advice in rows
    }


_CHECK_INPUT = (
    "check that the audio is shorter than 60 s, that both URLs can be fetched from outside and live long enough, "
    "that the picture shows a person or character, and that the task id is whole"
)
_INPUT_IMAGE = "use another picture; the service's content rules apply to it"
_INPUT_TEXT = "change the prompt; the service's content rules apply to it"
_RESUBMIT = "submit anew, perhaps with another seed or prompt: the new job is billed on its own"
_QUOTA = "wait and ask again; limit parallel work with a pool, or raise the quota in the console"
_INTERNAL = "ask again later; if it stays, give the request id to the vendor's support"
_ACTIVATE = "activate the service in the console, and check the account's permissions and the connection's site"

BUSINESS_CODES = _table(
    # The reference page's table, in its order. 50413 stands there as "Post Text Risk" with an input-text meaning.
    ("50411", 400, Retry.NEVER, Kind.AUDIT, "the input image did not pass the audit", _INPUT_IMAGE),
    ("50511", 400, Retry.NEW_SUBMIT, Kind.AUDIT, "the output image did not pass the audit", _RESUBMIT),
    ("50412", 400, Retry.NEVER, Kind.AUDIT, "the input text did not pass the audit", _INPUT_TEXT),
    ("50512", 400, Retry.NEVER, Kind.AUDIT, "the output text did not pass the audit", _INPUT_TEXT),
    ("50513", 400, Retry.NEVER, Kind.AUDIT, "the input video did not pass the audit", "use another input"),
    ("50514", 400, Retry.NEVER, Kind.AUDIT, "the input audio did not pass the audit", "change what is said"),
    (
        "50413",
        400,
        Retry.NEVER,
        Kind.AUDIT,
        "the input text holds sensitive or copyrighted words",
        _INPUT_TEXT,
    ),
    ("50429", 429, Retry.ASK_AGAIN, Kind.QUOTA, "too many requests a second (QPS limit)", _QUOTA),
    # seen: a wrong req_key answered 50430 for ever, so every retry of it stands under a deadline.
    (CONCURRENCY_LIMIT, 429, Retry.ASK_AGAIN, Kind.QUOTA, "too many jobs at once (concurrency limit)", _QUOTA),
    ("50500", 500, Retry.ASK_AGAIN, Kind.INTERNAL, "internal error of the service", _INTERNAL),
    ("50501", 500, Retry.ASK_AGAIN, Kind.INTERNAL, "internal error of the algorithm", _INTERNAL),
    # The page's example, and what callers of this and its sibling services report (seen).
    (
        "50215",
        400,
        Retry.NEVER,
        Kind.INPUT,
        "the input is invalid for this service",
        _CHECK_INPUT,
    ),
    ("50218", 400, Retry.NEVER, Kind.AUDIT, "content risk", "use other inputs"),
    (
        "50220",
        400,
        Retry.NEVER,
        Kind.INPUT,
        "a media URL could not be downloaded",
        "make the URL reachable from outside",
    ),
    ("50516", 400, Retry.NEW_SUBMIT, Kind.AUDIT, "the output video did not pass the audit", _RESUBMIT),
    ("50517", 400, Retry.NEW_SUBMIT, Kind.AUDIT, "the output audio did not pass the audit", _RESUBMIT),
    (
        "50518",
        400,
        Retry.NEVER,
        Kind.AUDIT,
        "the input breaks copyright",
        "use inputs that you have the rights to",
    ),
    ("50519", 400, Retry.NEW_SUBMIT, Kind.AUDIT, "the output breaks copyright", _RESUBMIT),
    ("50520", 400, Retry.NEVER, Kind.AUDIT, "the audit service refused", "use other inputs"),
    ("50521", 400, Retry.NEVER, Kind.AUDIT, "the copyright audit refused", "use other inputs"),
    ("50522", 400, Retry.NEVER, Kind.AUDIT, "the copyright audit refused", "use other inputs"),
    ("50200", 400, Retry.NEVER, Kind.ACCESS, "req_key unknown", _ACTIVATE),
    ("50204", 400, Retry.NEVER, Kind.ACCESS, "req_key not activated", _ACTIVATE),
    (
        "50400",
        401,
        Retry.NEVER,
        Kind.ACCESS,
        "access denied: not activated, no permission, or wrong req_key",
        _ACTIVATE,
    ),
)

_KEY = "check login (Access Key ID) and password (Secret Access Key) of the connection"
_KEY_ID = (
    "check login (Access Key ID) of the connection: it was mistyped, deleted or disabled, or it belongs to the other site "
    "(extra site: mainland or international)"
)
_SIGNING = "check password (Secret Access Key) of the connection: paste it as the console shows it, without decoding it"
_CLOCK = "check this machine's clock (NTP)"
_SCOPE = "check region and site of the connection"
_POLICY = "grant the key's user access to the service in the console (IAM)"
_BUG = "this is a defect of the client: report it with the request id"

GATEWAY_CODES = _table(
    ("MissingParameter", 400, Retry.NEVER, Kind.ACCESS, "a required query parameter is missing", _BUG),
    ("MissingRequestInfo", 400, Retry.NEVER, Kind.ACCESS, "request information is missing", _BUG),
    ("InvalidAuthorization", 400, Retry.NEVER, Kind.ACCESS, "the Authorization header cannot be read", _KEY),
    ("ServiceNotFound", 404, Retry.NEVER, Kind.ACCESS, "no such service", _SCOPE),
    (
        "InvalidActionOrVersion",
        404,
        Retry.NEVER,
        Kind.ACCESS,
        "no such Action or Version on this site",
        _SCOPE,
    ),
    ("InvalidAccessKey", 401, Retry.NEVER, Kind.ACCESS, "the Access Key ID is unknown", _KEY_ID),
    ("SignatureDoesNotMatch", 401, Retry.NEVER, Kind.ACCESS, "the signature does not match", _SIGNING),
    (
        "InvalidSecretToken",
        401,
        Retry.NEVER,
        Kind.ACCESS,
        "the session token is wrong or expired",
        "renew session_token in the connection's extra, together with both keys",
    ),
    ("LackPolicy", 403, Retry.NEVER, Kind.ACCESS, "a policy is missing", _POLICY),
    ("AccessDenied", 403, Retry.NEVER, Kind.ACCESS, "access denied", _POLICY),
    ("InvalidTimestamp", 400, Retry.NEVER, Kind.ACCESS, "the request's time is off", _CLOCK),
    ("InvalidCredential", 400, Retry.NEVER, Kind.ACCESS, "the credential scope is wrong", _SCOPE),
    ("FlowLimitExceeded", 429, Retry.ASK_AGAIN, Kind.QUOTA, "the gateway's flow limit", _QUOTA),
    ("InternalError", 500, Retry.ASK_AGAIN, Kind.INTERNAL, "internal error of the gateway", _INTERNAL),
    (
        "InternalServiceError",
        502,
        Retry.ASK_AGAIN,
        Kind.INTERNAL,
        "internal error behind the gateway",
        _INTERNAL,
    ),
    (
        "ServiceUnavailableTemp",
        503,
        Retry.ASK_AGAIN,
        Kind.INTERNAL,
        "the service is unavailable for now",
        _INTERNAL,
    ),
    (
        "InternalServiceTimeout",
        504,
        Retry.ASK_AGAIN,
        Kind.INTERNAL,
        "the service did not answer its gateway",
        _INTERNAL,
    ),
)


def lookup(code: str, *, http_status: int | None = None) -> ErrorCode:
    """Return the row of ``code``; for an undocumented one, a row that the HTTP status suggests.

    :param code: business or gateway code
    :param http_status: of the reply: 5xx and 429 may pass, all else needs a person
    """
    known = BUSINESS_CODES.get(code) or GATEWAY_CODES.get(code)
    if known:
        return known
    if http_status == 429:  # noqa: PLR2004 - Too Many Requests
        return ErrorCode(code, "an undocumented limit", Retry.ASK_AGAIN, Kind.QUOTA, _QUOTA, http_status)
    if http_status is not None and http_status >= 500:  # noqa: PLR2004 - server errors
        return ErrorCode(code, "an undocumented server error", Retry.ASK_AGAIN, Kind.INTERNAL, _INTERNAL, http_status)
    # The gateway's codes are words, and say nothing of the task; 401 and 403 speak of the key, whoever answers.
    kind = Kind.INPUT if code.isdigit() and http_status not in {401, 403} else Kind.ACCESS
    return ErrorCode(code, "an undocumented error", Retry.NEVER, kind, "see the message", http_status)
