"""The role that a connection asks to be assumed, out of its extras."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidConnectionError
from airflow_provider_omnihuman.api.sites import MAINLAND, Site
from airflow_provider_omnihuman.api.sts import DEFAULT_DURATION_S, DEFAULT_SESSION_NAME, Role
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.hooks.fields import base_url, optional_count

__all__ = ["read_role"]

_TRN = re.compile(r"trn:iam::\d{1,32}:role/[\x21-\x7e]{1,256}", re.ASCII)
"""volcengine.com/docs/6257/86374; which characters a role's name may have is not said there."""
_SESSION_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
"""? The vendor's page names no limit: these are what others of this family take."""
_LONGEST_S = 43_200
_SHORTEST_S, _SHORTEST_INTERNATIONAL_S = 900, 3600
"""STS takes less for its default of an hour, and says nothing (the vendor's page; BytePlus's for the second)."""


def read_role(extra: Mapping[str, Any], site: Site) -> Role | None:
    """Return the role to be assumed; None where the connection's keys are to be used as they are.

    :param extra: ``role_trn``, and with it ``role_session_name``, ``role_duration_s`` and ``sts_endpoint``
    :param site: whose STS it is
    :raises InvalidConnectionError: names the field
    """
    trn = extra.get("role_trn")
    if trn is None or trn == "":
        return None
    if not isinstance(trn, str) or not _TRN.fullmatch(trn):
        raise InvalidConnectionError(f"extra role_trn must be trn:iam::<account id>:role/<role name>, not {shown(trn)}")
    return Role(
        trn=trn,
        endpoint=_sts_endpoint(extra, site),
        region=site.sts_region,
        session_name=_session_name(extra),
        duration_s=_duration_s(extra, shortest_s=_SHORTEST_S if site is MAINLAND else _SHORTEST_INTERNATIONAL_S),
    )


def _sts_endpoint(extra: Mapping[str, Any], site: Site) -> str:
    value = extra.get("sts_endpoint") or site.sts_endpoint
    return base_url(value, field="extra sts_endpoint", example=site.sts_endpoint, error=InvalidConnectionError)


def _session_name(extra: Mapping[str, Any]) -> str:
    name = extra.get("role_session_name")
    if name is None or name == "":
        return DEFAULT_SESSION_NAME
    if not isinstance(name, str) or not _SESSION_NAME.fullmatch(name):
        raise InvalidConnectionError(
            f"extra role_session_name must be 1 to 64 letters, digits and characters of _+=,.@-, not {shown(name)}"
        )
    return name


def _duration_s(extra: Mapping[str, Any], *, shortest_s: int) -> int:
    seconds = optional_count(extra, "role_duration_s", error=InvalidConnectionError)
    if seconds is None:
        return DEFAULT_DURATION_S
    if not shortest_s <= seconds <= _LONGEST_S:
        raise InvalidConnectionError(f"extra role_duration_s must be {shortest_s} to {_LONGEST_S} seconds, not {seconds}")
    return seconds
