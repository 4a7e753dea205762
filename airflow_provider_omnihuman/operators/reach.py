"""Whether the service can reach its inputs, as far as this machine's DNS tells: it fetches them itself, from outside."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from airflow_provider_omnihuman.api.urls import is_private_host

__all__ = ["private_address", "reach_warnings"]


def reach_warnings(urls: Mapping[str, str], *, endpoint: str) -> list[str]:
    """Return a sentence for each input whose host has, as seen from here, addresses of this network only.

    No refusal: other name servers may know other addresses of it. What has a private address for a name is refused in
    ``api.submitting.check_reach``.

    :param urls: as they will be sent, by the name that the message gives them
    :param endpoint: of the service; one on this network (an emulator) reaches what this network reaches
    """
    if is_private_host(endpoint):
        return []
    hosts = {name: urlsplit(url).hostname or "" for name, url in urls.items()}
    private = {host: _private(host) for host in set(hosts.values())}
    return [
        f"{name}'s host {host} has the address {private[host]} here, which only this network can reach. The service fetches its "
        "inputs from outside: if it knows no other address of that host, the job will fail with 50215 or 50220. Use a store "
        "with a public endpoint"
        for name, host in hosts.items()
        if private[host]
    ]


def private_address(host: str) -> str | None:
    """Return an address of the host where, as seen from here, it has none that all networks can reach.

    :raises OSError: the host cannot be looked up
    """
    try:
        found = socket.getaddrinfo(host, None)
    except UnicodeError as error:  # of a name that cannot be
        raise OSError(str(error)) from error
    addresses = sorted({str(info[4][0]).partition("%")[0] for info in found})
    return next(iter(addresses), None) if all(not ip_address(address).is_global for address in addresses) else None


def _private(host: str) -> str | None:
    try:
        return private_address(host)
    except OSError:  # this worker may have no DNS for it, and the service may
        return None
