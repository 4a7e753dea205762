"""An Airflow connection, read and checked: each mistake gets an error that names the connection and the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient, OmniHumanClient
from airflow_provider_omnihuman.api.errors import InvalidConnectionError
from airflow_provider_omnihuman.api.exchange import Exchange
from airflow_provider_omnihuman.api.quota import RequestRate
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.api.sites import MAINLAND, Site, site_named
from airflow_provider_omnihuman.api.sts import Role
from airflow_provider_omnihuman.hooks.fields import (
    base_url,
    check_type,
    extra_mapping,
    optional_count,
    optional_number,
    positive_count,
    positive_seconds,
    short_text,
)
from airflow_provider_omnihuman.hooks.roles import read_role

__all__ = ["ConnectionSettings"]

_DEFAULT_CONNECT_TIMEOUT_S = 10.0
_DEFAULT_READ_TIMEOUT_S = 30.0
_DEFAULT_CURRENCY = "CNY"
"""What the mainland site bills in."""
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")


C = TypeVar("C", OmniHumanClient, AsyncOmniHumanClient)


class _Connection(Protocol):
    """What is read of an Airflow connection."""

    conn_id: str
    conn_type: str | None
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
    :param role: the extras ``role_trn``, ``role_session_name``, ``role_duration_s``, ``sts_endpoint``: a role to be assumed with
        these credentials; None: they are used as they are
    :param site: the extra ``site``: mainland (default) or international
    :param region: the extra ``region``: of the signature; the site's own by default
    :param endpoint: the extra ``endpoint``, or the host field: a base URL in place of the site's own
    :param connect_timeout_s: the extra ``connect_timeout_s``, seconds
    :param read_timeout_s: the extra ``read_timeout_s``, seconds
    :param max_qps: the extra ``max_qps``: requests a second that the account may make; None: as many as the service takes
    :param triggerer_count: the extra ``triggerer_count``: triggerers that share them
    :param max_concurrency: the extra ``max_concurrency``: jobs that the account may have at once, as bought; None: not known.
        Nothing here limits jobs, an Airflow pool does: ``omnihuman doctor`` compares the two
    :param price_per_second: the extra ``price_per_second``: what the account pays for a second of video; None: not known, for
        the vendor documents no price that holds for everybody
    :param currency: the extra ``currency``: of that price
    """

    credentials: Credentials
    site: Site
    region: str
    endpoint: str
    connect_timeout_s: float
    read_timeout_s: float
    role: Role | None = None
    max_qps: float | None = None
    triggerer_count: int = 1
    max_concurrency: int | None = None
    price_per_second: float | None = None
    currency: str = _DEFAULT_CURRENCY

    @property
    def identity(self) -> tuple[object, ...]:
        """Whom a client talks to: what it cannot change in the midst of a conversation, as it can keys, role and limits."""
        return self.site, self.region, self.endpoint

    def client(self, kind: type[C], *, rate: RequestRate, on_exchange: Callable[[Exchange], None] | None = None) -> C:
        """Return a client with these settings.

        :param kind: synchronous or asynchronous
        :param rate: how fast it may ask
        :param on_exchange: told what became of each request
        """
        return kind(
            self.credentials,
            role=self.role,
            site=self.site,
            region=self.region,
            endpoint=self.endpoint,
            connect_timeout_s=self.connect_timeout_s,
            read_timeout_s=self.read_timeout_s,
            rate=rate,
            on_exchange=on_exchange,
        )

    @classmethod
    def read(cls, connection: _Connection, extra: object) -> ConnectionSettings:
        """Read and check a connection.

        :param connection: Airflow's
        :param extra: its extra, decoded
        :raises InvalidConnectionError: names the connection, the field and what to do
        """
        try:
            check_type(connection.conn_type, expected="omnihuman", error=InvalidConnectionError)
            extra = extra_mapping(extra, raw=connection.extra, error=InvalidConnectionError)
            seconds = partial(positive_seconds, extra, error=InvalidConnectionError)
            site = site_named(extra.get("site") or "mainland")
            return cls(
                credentials=Credentials(
                    _key(connection.login, field="login (Access Key ID)"),
                    _key(connection.password, field="password (Secret Access Key)"),
                    _key(extra["session_token"], field="extra session_token") if extra.get("session_token") else None,
                ),
                role=read_role(extra, site),
                site=site,
                region=_key(extra.get("region") or site.region, field="extra region"),
                endpoint=_endpoint(connection, extra),
                connect_timeout_s=seconds("connect_timeout_s", default=_DEFAULT_CONNECT_TIMEOUT_S),
                read_timeout_s=seconds("read_timeout_s", default=_DEFAULT_READ_TIMEOUT_S),
                max_qps=optional_number(extra, "max_qps", what="number of requests a second", error=InvalidConnectionError),
                triggerer_count=positive_count(extra, "triggerer_count", default=1, error=InvalidConnectionError),
                max_concurrency=optional_count(extra, "max_concurrency", error=InvalidConnectionError),
                price_per_second=optional_number(extra, "price_per_second", what="number", error=InvalidConnectionError),
                currency=short_text(extra, "currency", default=_DEFAULT_CURRENCY, error=InvalidConnectionError),
            )
        except InvalidConnectionError as error:
            error.message = f"connection {connection.conn_id!r}: {error.message}"
            raise


def _key(value: object, *, field: str) -> str:
    # The value itself is never shown: it may be a secret.
    if not isinstance(value, str) or not value:
        raise InvalidConnectionError(f"{field} is missing")
    if _UNSENDABLE.search(value):
        raise InvalidConnectionError(f"{field} holds a space, a line break or a non-ASCII character: copy it again")
    return value


def _endpoint(connection: _Connection, extra: Mapping[str, Any]) -> str:
    """Return the base URL that the connection gives, or nothing: the extra wins over host, port and schema."""
    value, field = extra.get("endpoint"), "extra endpoint"
    if not value and connection.host:
        field = "host"
        value = connection.host if "://" in connection.host else f"{connection.schema or 'https'}://{connection.host}"
        value += f":{connection.port}" if connection.port else ""
    if not value:
        return ""
    return base_url(value, field=field, example=MAINLAND.endpoint, error=InvalidConnectionError)
