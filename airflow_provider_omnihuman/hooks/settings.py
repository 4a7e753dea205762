"""An Airflow connection, read and checked: each mistake gets an error that names the connection and the field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from airflow_provider_omnihuman.api.errors import InvalidConnectionError
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.sites import Site, site_named

__all__ = ["ConnectionSettings"]

_DEFAULT_CONNECT_TIMEOUT_S = 10.0
_DEFAULT_READ_TIMEOUT_S = 30.0
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")


class _Connection(Protocol):
    """What is read of an Airflow connection."""

    conn_id: str
    login: str | None
    password: str | None
    host: str | None
    schema: str | None
    port: int | None
    extra: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """What a client needs, out of a connection of type ``omnihuman``.

    :param credentials: login and password, with the extra ``session_token``
    :param site: the extra ``site``: mainland (default) or international
    :param region: the extra ``region``: of the signature; the site's own by default
    :param endpoint: the extra ``endpoint``, or the host field: a base URL in place of the site's own
    :param connect_timeout_s: the extra ``connect_timeout_s``, seconds
    :param read_timeout_s: the extra ``read_timeout_s``, seconds
    """

    credentials: Credentials
    site: Site
    region: str
    endpoint: str
    connect_timeout_s: float
    read_timeout_s: float

    @classmethod
    def read(cls, connection: _Connection, extra: object) -> ConnectionSettings:
        """Read and check a connection.

        :param connection: Airflow's
        :param extra: its extra, decoded
        :raises InvalidConnectionError: names the connection, the field and what to do
        """
        try:
            extra = _mapping(extra, raw=connection.extra)
            site = site_named(extra.get("site") or "mainland")
            return cls(
                credentials=Credentials(
                    _key(connection.login, field="login (Access Key ID)"),
                    _key(connection.password, field="password (Secret Access Key)"),
                    _key(extra["session_token"], field="extra session_token") if extra.get("session_token") else None,
                ),
                site=site,
                region=_key(extra.get("region") or site.region, field="extra region"),
                endpoint=_endpoint(connection, extra),
                connect_timeout_s=_seconds(extra, "connect_timeout_s", default=_DEFAULT_CONNECT_TIMEOUT_S),
                read_timeout_s=_seconds(extra, "read_timeout_s", default=_DEFAULT_READ_TIMEOUT_S),
            )
        except InvalidConnectionError as error:
            error.message = f"connection {connection.conn_id!r}: {error.message}"
            raise


def _mapping(extra: object, *, raw: str | None) -> Mapping[str, Any]:
    # Airflow gives an empty mapping for an extra that is no JSON; taking it for "no extras" would use the wrong site.
    if not isinstance(extra, Mapping) or (not extra and (raw or "").strip() not in {"", "{}", "null"}):
        raise InvalidConnectionError("extra is not a JSON object")
    return extra


def _key(value: object, *, field: str) -> str:
    # The value itself is never shown: it may be a secret.
    if not isinstance(value, str) or not value:
        raise InvalidConnectionError(f"{field} is missing")
    if _UNSENDABLE.search(value):
        raise InvalidConnectionError(f"{field} holds a space, a line break or a non-ASCII character: copy it again")
    return value


def _seconds(extra: Mapping[str, Any], name: str, *, default: float) -> float:
    value = extra.get(name)
    if value is None or value == "":
        return default
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if isinstance(value, bool) or not (0 < seconds < math.inf):
        raise InvalidConnectionError(f"extra {name} must be a positive number of seconds, not {value!r}")
    return seconds


def _endpoint(connection: _Connection, extra: Mapping[str, Any]) -> str:
    """Return the base URL that the connection gives, or nothing: the extra wins over host, port and schema."""
    value, field = extra.get("endpoint"), "extra endpoint"
    if not value and connection.host:
        field = "host"
        value = connection.host if "://" in connection.host else f"{connection.schema or 'https'}://{connection.host}"
        value += f":{connection.port}" if connection.port else ""
    if not value:
        return ""
    if not isinstance(value, str):
        raise InvalidConnectionError(f"{field} must be a URL, not {type(value).__name__}")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.username or parts.query or parts.path.strip("/") or re.search(r"\s", value):
        raise InvalidConnectionError(
            f"{field} must be a base URL such as https://visual.volcengineapi.com, without path or query, not {value!r}"
        )
    return value.rstrip("/")
