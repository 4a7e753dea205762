"""URLs that carry secrets in their query: checked before they are sent, and shown without it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from airflow_provider_omnihuman.api.errors import InvalidRequestError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = [
    "check_media_url",
    "is_private_host",
    "is_signed",
    "scrub",
    "shown",
    "sound_host",
    "urls_in",
    "without_query",
    "without_signature",
]

# Patterns are compiled on first use, by `re` itself: every Dag file that imports an operator loads this module.
_URL = r"(?i)https?://[^\s\"'<>]+"
_URL_WITH_QUERY = r"(?i)(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*"
# A presigned query that lost its URL, or was percent-encoded into another one: S3, TOS and the like.
_SIGNED_PARAMETERS = r"(?i)\b((?:X-[A-Za-z]+-)?(?:Signature|Credential|Security-Token)(?:=|%3D))[^\s&\"'<>]+"
# Names in the queries that S3, TOS, OSS, COS and Google stores, CloudFront and the service's own CDN sign URLs with.
_SIGNING = (
    r"(?i)x-(amz|tos|oss|goog|cos)-.*|x-expires|x-signature|lk3s|signature|expires|policy|key-pair-id|security-token"
    r"|auth_key|accesskeyid|hdnts|hdnea|wssecret|wstime|awsaccesskeyid|ossaccesskeyid|googleaccessid|q-(sign|ak|key|header|url|signature).*"
)
_AZURE_SIGNING = r"(?i)sig|s[eprtv]|sk(oid|tid|t|e|s|v)"
"""Shared access signatures: names so short that they mean this only where there is a ``sig``."""
_USER_INFO = r"(?i)(https?://)[^\s/?#\"'<>@]*@"
_UNPRINTABLE = r"[\x00-\x20\x7f]"
_SHOWN_CHARACTERS = 200
_MAX_LABEL_CHARACTERS = 63
"""Of one part of a host name (RFC 1035)."""


def without_query(url: str) -> str:
    """Return ``url`` without query and fragment: the signature of a presigned URL lives there."""
    return url.split("?", 1)[0].split("#", 1)[0]


def without_signature(url: str) -> str:
    """Return ``url`` without the parts of its query that sign it: what is left is the same for each signature.

    What else the query says stays, since it may choose what is delivered (``?versionId=…``).
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    return parts._replace(query=urlencode(_unsigned(query)), fragment="").geturl()


def is_signed(url: str) -> bool:
    """Say whether a part of the query signs it; of what is no URL after all, too: nobody knows what is in there."""
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return True
    return len(_unsigned(query)) < len(query)


def _unsigned(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
    signing = [_SIGNING, *([_AZURE_SIGNING] if any(name.lower() == "sig" for name, _ in query) else [])]
    return [(name, value) for name, value in query if not any(re.fullmatch(pattern, name) for pattern in signing)]


def urls_in(text: str) -> list[str]:
    """Return the http(s) URLs in a text: one that is a URL, or one that holds some, such as the JSON of a list."""
    return [text] if text.lower().startswith(("http://", "https://")) else re.findall(_URL, text)


def scrub(text: str) -> str:
    """Strip queries, passwords and signatures of every URL inside ``text``: the service may echo a presigned input."""
    text = re.sub(_URL_WITH_QUERY, r"\1?…", text)
    return re.sub(_SIGNED_PARAMETERS, r"\1…", re.sub(_USER_INFO, r"\1…@", text))


def shown(value: object) -> str:
    """Return a refused value as a message may show it: no signatures, not endless."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more than 4300 digits has no decimal text
        text = f"a huge {type(value).__name__}"
    text = scrub(text)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def sound_host(url: str) -> bool:
    """Say whether the host of ``url`` can be looked up at all: the resolver raises on empty and overlong parts."""
    import httpx

    try:
        host = httpx.URL(url).raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError):
        return False
    if ":" in host:
        return True
    parts = host.removesuffix(".").split(".")
    return all(0 < len(part) <= _MAX_LABEL_CHARACTERS for part in parts)


def _split(url: str, *, field: str) -> SplitResult:
    import httpx

    try:
        parts = urlsplit(url)
        _ = parts.port  # a port out of range raises here
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL) as error:
        raise InvalidRequestError(f"{field} is not a URL: {shown(without_query(url))} ({scrub(str(error))[:60]})") from error
    return parts


def check_media_url(url: object, *, field: str) -> str:
    """Return ``url`` if the service could fetch it.

    The service fetches its inputs itself: public http(s) URLs only, no ``data:`` (facts: limits and practice).

    :param url: the value given
    :param field: the parameter's name, for the message
    :raises InvalidRequestError: says what is wrong and with which value, its query left out
    """
    if not isinstance(url, str) or not url:
        raise InvalidRequestError(f"{field} must be an http(s) URL, not {type(url).__name__} {shown(url)}")
    if url.lower().startswith("data:"):
        raise InvalidRequestError(
            f"{field} is a data: URL, which the service refuses: upload the file and give its http(s) or s3:// URL"
        )
    plain = shown(without_query(url))
    if re.search(_UNPRINTABLE, url):
        raise InvalidRequestError(f"{field} holds a space or control character: {plain}; percent-encode it")
    parts = _split(url, field=field)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise InvalidRequestError(f"{field} must be an http(s) URL with a host, not {plain}")
    if parts.username or parts.password:
        raise InvalidRequestError(f"{field} carries a user name or password: use a presigned URL instead")
    if not sound_host(url):
        raise InvalidRequestError(f"{field} has a host that cannot exist: {plain}")
    return url


def is_private_host(url: str) -> bool:
    """Say whether the host of ``url`` is one that only this machine or its network can reach."""
    import ipaddress

    host = (urlsplit(url).hostname or "").lower().removesuffix(".")
    if host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host  # localhost, or a name that a local resolver completes, such as a container's
