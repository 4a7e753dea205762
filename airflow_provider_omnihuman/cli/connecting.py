"""From a connection's id to a hook; a connection that is not there is told with those that are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_omnihuman.cli.answers import Refusal
from airflow_provider_omnihuman.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["connected", "how_to_make", "missing"]


def connected(conn_id: str) -> OmniHumanHook:
    """Return a hook whose connection was read and checked.

    :param conn_id: of a connection of type ``omnihuman``
    :raises Refusal: there is none
    :raises InvalidConnectionError: it is wrong
    """
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

    hook = OmniHumanHook(conn_id)
    try:
        hook.get_conn()
    except AirflowNotFoundException:
        raise Refusal(
            missing(conn_id), code=ExitCode.CONNECTION, advice=how_to_make(conn_id), facts={"type": "ConnectionMissing"}
        ) from None
    return hook


def missing(conn_id: str, *, conn_type: str = "omnihuman") -> str:
    """Return what to say of a connection that is not there.

    :param conn_id: its id
    :param conn_type: the type that it should have
    """
    from airflow_provider_omnihuman.cli.metadata import connection_ids

    known = connection_ids(conn_type)
    if known is None:
        others = ""
    elif known:
        others = f"; in Airflow's database, those of type {conn_type} are: {', '.join(known)}"
    else:
        others = f"; in Airflow's database, there is none of type {conn_type}"
    return (
        f"there is no connection {conn_id!r}, neither in the environment, nor in a secrets backend, nor in the database{others}"
    )


def how_to_make(conn_id: str) -> str:
    """Return how to make a connection.

    :param conn_id: its id
    """
    return (
        f"airflow connections add {conn_id} --conn-type omnihuman --conn-login <Access Key ID> --conn-password <Secret Access "
        f"Key>; or name another one with --conn-id"
    )
