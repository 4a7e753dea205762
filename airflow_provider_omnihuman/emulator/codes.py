"""Every code that the service is known to answer with, as the emulator sends it."""

from __future__ import annotations

from dataclasses import dataclass

SUCCESS = 10000
INVALID_REQ_KEY = 50200
UNACTIVATED_REQ_KEY = 50204
INVALID_INPUT = 50215
UNDOWNLOADABLE = 50220
ACCESS_DENIED = 50400
QPS_EXCEEDED = 50429
CONCURRENCY_EXCEEDED = 50430
INTERNAL = 50500

# code: (HTTP status, message). Up to 50501 with the statuses and messages of the reference page; the rest from
# the companion facts, where messages that nobody has written down are ours.
BUSINESS_CODES: dict[int, tuple[int, str]] = {
    50411: (400, "Pre Img Risk Not Pass"),
    50511: (400, "Post Img Risk Not Pass"),
    50412: (400, "Text Risk Not Pass"),
    50512: (400, "Post Text Risk Not Pass"),
    50513: (400, "Pre Video Risk Not Pass"),
    50514: (400, "Pre Audio Risk Not Pass"),
    50413: (400, "Post Text Risk Not Pass"),
    QPS_EXCEEDED: (429, "Request Has Reached API Limit, Please Try Later"),
    CONCURRENCY_EXCEEDED: (429, "Request Has Reached API Concurrent Limit, Please Try Later"),
    INTERNAL: (500, "Internal Error"),
    50501: (500, "Internal RPC Error"),
    INVALID_REQ_KEY: (400, "Invalid Req Key"),
    UNACTIVATED_REQ_KEY: (400, "Req Key Not Activated"),
    INVALID_INPUT: (400, "Input invalid for this service."),
    50218: (400, "Content Risk Not Pass"),
    UNDOWNLOADABLE: (400, "Download Media Failed"),
    # Seen with HTTP 401 (volcengine/volc-sdk-python issue 39), also for a wrong req_key.
    ACCESS_DENIED: (401, "Access Denied: Internal Error"),
    50516: (400, "Post Video Risk Not Pass"),
    50517: (400, "Post Audio Risk Not Pass"),
    50518: (400, "Pre Img Copyright Risk Not Pass"),
    50519: (400, "Post Img Copyright Risk Not Pass"),
    50520: (400, "Risk Internal Error"),
    50521: (400, "Antidirt Internal Error"),
    50522: (400, "Img Copyright Internal Error"),
}


@dataclass(frozen=True, slots=True)
class GatewayCode:
    """An error that the gateway raises before the service sees the request.

    :param number: ``CodeN``.
    :param message: with a place for the detail.
    """

    number: int
    http_status: int
    message: str


# Statuses and numbers as in the facts; messages and the other numbers after the vendor's page "Common error codes
# of OpenAPI" (docs.byteplus.com/byteplus-platform/reference/common-error-codes).
GATEWAY_CODES: dict[str, GatewayCode] = {
    "MissingParameter": GatewayCode(100002, 400, "The request is missing {} parameter."),
    "MissingRequestInfo": GatewayCode(100004, 400, "The request is missing {} information."),
    "InvalidTimestamp": GatewayCode(100006, 400, "The signature of the request is expired."),
    "ServiceNotFound": GatewayCode(100007, 404, "This service[{}] not found."),
    "InvalidActionOrVersion": GatewayCode(100008, 404, "Could not find operation {}."),
    "InvalidAccessKey": GatewayCode(100009, 401, "The accesskey [{}] included in the request is invalid."),
    "SignatureDoesNotMatch": GatewayCode(
        100010,
        401,
        "The request signature we calculated does not match the signature you provided. Check your Secret Access "
        "Key and signing method. Consult the service documentation for details.",
    ),
    "LackPolicy": GatewayCode(100012, 403, "Request was rejected because of lack of policy."),
    "AccessDenied": GatewayCode(100013, 403, "User is not authorized to perform: {}."),
    "InternalError": GatewayCode(100014, 500, "Internal error."),
    "InternalServiceError": GatewayCode(100015, 502, "Internal service error."),
    "InternalServiceTimeout": GatewayCode(100016, 504, "Internal service timeout."),
    "ServiceUnavailableTemp": GatewayCode(100017, 503, "Service is unavailable temporarily."),
    "FlowLimitExceeded": GatewayCode(100018, 429, "Request was rejected because of request speed limit."),
    "InvalidAuthorization": GatewayCode(100024, 400, "Invalid 'Authorization' header, Pls check: {}."),
    "InvalidCredential": GatewayCode(100025, 400, "Invalid credential in 'Authorization', Pls check: {}."),
    "InvalidSecretToken": GatewayCode(100026, 401, "Invalid secret token, msg: {}."),
}

# What IAM and STS add to these, in the same envelope (volcengine.com/docs/6257/64992). The numbers are not documented;
# RoleNotExist is named after its neighbours on that page, and the last two are ours (?).
STS_CODES: dict[str, GatewayCode] = {
    "ParameterNotFound": GatewayCode(0, 400, "Parameter '{}' is required, but not found."),
    "InvalidTRN": GatewayCode(0, 400, "TRN '{}' is not valid."),
    "RoleNotExist": GatewayCode(0, 404, "Role '{}' cannot be found."),
    "InvalidRoleSessionName": GatewayCode(0, 400, "Invalid RoleSessionName '{}'."),
    "InvalidDurationSeconds": GatewayCode(0, 400, "Invalid DurationSeconds '{}'."),
}

# What a code of the speech service is called in a fault: (code, HTTP status, message). Errors come with HTTP 200
# there, but for the credentials. Codes as in the facts; wordings that the facts do not quote are ours.
SPEECH_CODES: dict[str, tuple[int, int, str]] = {
    "40402003": (40402003, 200, "TTSExceededTextLimit:exceed max limit"),
    "45000000": (45000000, 200, "speaker permission denied: get resource id: access denied"),
    "45000000-quota": (45000000, 200, "quota exceeded for types: concurrency"),
    "45000001": (45000001, 200, "invalid argument: {}"),
    "45000010": (45000010, 401, "load grant: requested grant not found"),
    "45000030": (45000030, 403, "requested resource not granted"),
    "45000292": (45000292, 200, "concurrency exceeded"),
    "45002001": (45002001, 200, "no readable text"),
    "55000000": (55000000, 200, "server error"),
    "55000000-mismatch": (55000000, 200, "resource ID is mismatched with speaker related resource"),
}

# The number that was seen for a request without any signature.
UNSIGNED_NUMBER = 100025


class BusinessError(Exception):
    """The service refuses.

    :param code: a key of :data:`BUSINESS_CODES`.
    :param detail: what the real service would not tell; travels in a header of the emulator's own.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class SpeechApiError(Exception):
    """The speech service refuses.

    :param code: a key of :data:`SPEECH_CODES`.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class GatewayError(Exception):
    """The gateway refuses.

    :param code: a key of :data:`GATEWAY_CODES` or :data:`STS_CODES`, or a business code in the gateway's envelope.
    :param detail: goes into the message.
    :param number: ``CodeN`` where it is not the usual one.
    """

    def __init__(self, code: str, detail: str = "", *, number: int | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.number = number
