"""STS: a signed ``AssumeRole`` becomes temporary keys.

After the vendor's page "AssumeRole" (volcengine.com/docs/6257/86374) and BytePlus's (docs.byteplus.com, byteplus-platform).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.codes import GatewayError
from airflow_provider_omnihuman.emulator.signature import Account, ReceivedRequest, verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_omnihuman.emulator.temporary_keys import TemporaryKeys

STS_SERVICE = "sts"
ASSUME_ROLE = "AssumeRole"
_VERSION = "2018-01-01"
# The vendor's SDKs sign for these: volcengine.sts.StsService, and the international one's samples (?).
_REGIONS = ("cn-north-1", "ap-southeast-1")
_TRN = re.compile(r"trn:iam::\d+:role/[^\s/]\S*")
# The page: at least 900, at most 43200; less, or none, is taken for 3600, and more for 43200.
_SHORTEST_S, _DEFAULT_S, _LONGEST_S = 900, 3600, 43_200
# ? The page gives the name no limit; 64 characters are what others of this family take.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class StsApi:
    """Answers signed requests.

    :param account: whose keys may assume the role.
    :param keys: issues the temporary ones.
    :param role_trn: the one role that there is.
    :param lifetime_s: how long temporary keys live, whatever was asked for; 0 is as asked.
    """

    account: Account
    keys: TemporaryKeys
    role_trn: str
    lifetime_s: int = 0

    def answer(self, request: ReceivedRequest, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the reply's ``Result``, or raise a :class:`GatewayError`."""
        action, version = query.get("Action", ""), query.get("Version", "")
        for name, value in (("Action", action), ("Version", version)):
            if not value:
                raise GatewayError("MissingParameter", name)
        verify(request, self.account, now_s=time.time(), service=STS_SERVICE, regions=_REGIONS)
        if (request.method, action, version) != ("GET", ASSUME_ROLE, _VERSION):
            raise GatewayError("InvalidActionOrVersion", f"{request.method} {action} for version {version}")
        trn, name = self._checked_role(query), _checked_name(query)
        issued = self.keys.issue(self.lifetime_s or _lifetime_s(query.get("DurationSeconds")))
        return {
            "Credentials": {
                "CurrentTime": _rfc3339(issued.issued_s),
                "ExpiredTime": _rfc3339(issued.expires_s),
                "AccessKeyId": issued.account.access_key,
                "SecretAccessKey": issued.account.secret_key,
                "SessionToken": issued.account.session_token,
            },
            "AssumedRoleUser": {
                "Trn": f"{trn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{name}",
                "AssumedRoleId": f"{trn.rpartition('/')[2]}:{name}",
            },
        }

    def _checked_role(self, query: Mapping[str, str]) -> str:
        trn = query.get("RoleTrn", "")
        if not trn:
            raise GatewayError("ParameterNotFound", "RoleTrn")
        if not _TRN.fullmatch(trn):
            raise GatewayError("InvalidTRN", trn)
        if trn != self.role_trn:
            raise GatewayError("RoleNotExist", trn.partition("/")[2])
        return trn


def _checked_name(query: Mapping[str, str]) -> str:
    name = query.get("RoleSessionName", "")
    if not name:
        raise GatewayError("ParameterNotFound", "RoleSessionName")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise GatewayError("InvalidRoleSessionName", name)
    return name


def _lifetime_s(asked: str | None) -> int:
    if asked is None:
        return _DEFAULT_S
    if not asked.isdecimal():
        raise GatewayError("InvalidDurationSeconds", asked)
    return _DEFAULT_S if int(asked) < _SHORTEST_S else min(int(asked), _LONGEST_S)


def _rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
