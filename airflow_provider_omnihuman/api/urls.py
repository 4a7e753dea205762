"""URLs that carry secrets in their query: checked before they are sent, and shown without it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from airflow_provider_omnihuman.api.errors import InvalidRequestError

__all__ = ["check_media_url", "is_private_host", "scrub", "without_query"]

_URL_WITH_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


def without_query(url: str) -> str:
    """Return ``url`` without query and fragment: the signature of a presigned URL lives there."""
    return url.split("?", 1)[0].split("#", 1)[0]


def scrub(text: str) -> str:
    """Strip the query of every URL inside ``text``: the service may echo a presigned input in a message."""
    return _URL_WITH_QUERY.sub(r"\1?…", text)


def _split(url: str, *, field: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port out of range raises here
    except ValueError as error:
        raise InvalidRequestError(f"{field} is not a URL: {without_query(url)[:200]!r} ({error})") from error
    return parts


def check_media_url(url: object, *, field: str) -> str:
    """Return ``url`` if the service could fetch it.

    The service fetches its inputs itself: public http(s) URLs only, no ``data:`` (facts: limits and practice).

    :param url: the value given
    :param field: the parameter's name, for the message
    :raises InvalidRequestError: says what is wrong and with which value, its query left out
    """
    if not isinstance(url, str) or not url:
        raise InvalidRequestError(f"{field} must be an http(s) URL, not {type(url).__name__} {url!r}")
    if url.lower().startswith("data:"):
        raise InvalidRequestError(
            f"{field} is a data: URL, which the service refuses: upload the file and give its http(s) or s3:// URL"
        )
    shown = without_query(url)[:200]
    if _UNPRINTABLE.search(url):
        raise InvalidRequestError(f"{field} holds a space or control character: {shown!r}; percent-encode it")
    parts = _split(url, field=field)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise InvalidRequestError(f"{field} must be an http(s) URL with a host, not {shown!r}")
    if parts.username or parts.password:
        raise InvalidRequestError(f"{field} carries a user name or password: use a presigned URL instead")
    return url


def is_private_host(url: str) -> bool:
    """Say whether the host of ``url`` is one that only this machine or its network can reach."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
