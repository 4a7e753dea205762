"""The temporary keys of a role, kept for all clients of a process and renewed before they end."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from functools import lru_cache

from airflow_provider_omnihuman.api.conversations import Conversation
from airflow_provider_omnihuman.api.errors import OmniHumanError, error_from_dict
from airflow_provider_omnihuman.api.signing import Credentials, SignatureV4Auth
from airflow_provider_omnihuman.api.sts import STS_SERVICE, Role, TemporaryKeys, assume_role

__all__ = ["RoleSession", "role_session"]

log = logging.getLogger(__name__)

_RENEWED_BEFORE_S = 300.0
"""Five minutes before the keys end, in which STS may be away; a quarter of their life where that is shorter."""
_FAILURE_KEPT_S = 5.0
"""An STS that refuses, or is away, is not asked by each of ten thousand waits."""
_ASKED_FOR_S = 15.0
"""Longer than one question takes; who asked may have been cancelled."""
_NEW_S = 60.0
"""Keys that are refused when younger than this were not refused for their age."""
_ATTEMPTS = 3


class RoleSession:
    """The keys at hand, and when others are due.

    Safe for threads and for several event loops: what it holds is replaced whole. At worst two of them assume the role at once.

    :param role: which
    :param keys: of who may assume it
    :param clock: wall-clock time, epoch seconds
    """

    def __init__(self, role: Role, keys: Credentials, *, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.Lock()
        self.auth = SignatureV4Auth(keys, region=role.region, service=STS_SERVICE)
        self._role = role
        self._clock = clock
        self._held: TemporaryKeys | None = None
        self._failure: OmniHumanError | None = None
        self._tried_at = self._due_at = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether the role is to be assumed before the next request."""
        now = self._clock()
        # A clock that was set back since: what was decided by the old time holds no longer.
        is_settled = self._tried_at <= now < self._due_at
        return not is_settled or (self._failure is None and not self._has_keys(now))

    @property
    def credentials(self) -> Credentials:
        """The temporary keys; those that assume the role, where there are none yet."""
        return self._held.credentials if self._held else self.auth.credentials

    def current(self) -> Credentials:
        """Return temporary keys to sign with.

        :raises OmniHumanError: why there are none
        """
        if self._held and self._has_keys(self._clock()):
            return self._held.credentials
        # Another object each time: thousands raise it, and each would make its traceback longer.
        raise error_from_dict((self._failure or OmniHumanError("the role was not assumed yet")).to_dict())

    def renewal(self) -> Conversation[None]:
        """Assume the role, to be had while :attr:`is_due`; where that fails, the keys at hand are used to their end."""
        is_urgent = not self._has_keys(self._clock())
        if not is_urgent:  # the others go on meanwhile with the keys at hand
            self._tried_at = self._clock()
            self._due_at = self._tried_at + _ASKED_FOR_S
        try:
            held = yield from assume_role(self._role, attempts=_ATTEMPTS if is_urgent else 1, clock=self._clock)
        except OmniHumanError as error:
            self._tried_at = self._clock()
            self._due_at = self._tried_at + _FAILURE_KEPT_S
            self._failure = error if is_urgent else None
            if not is_urgent:
                log.warning("Going on with the temporary keys at hand, for they cannot be renewed yet: %s", error)
        else:
            self._held, self._failure, self._tried_at = held, None, self._clock()
            self._due_at = held.expires_at - min(_RENEWED_BEFORE_S, held.lifetime_s / 4)

    def drop(self, refused: Credentials) -> bool:
        """Have the role assumed anew, for its temporary keys were refused; return whether that may help.

        :param refused: the keys; those that were issued a moment ago were refused for another reason than their age
        """
        held = self._held
        if held is None or held.credentials != refused or 0 <= self._clock() - held.issued_at < _NEW_S:
            return False
        self._held, self._due_at = None, -math.inf
        return True

    def _has_keys(self, now: float) -> bool:
        return self._held is not None and now < self._held.expires_at


@lru_cache(maxsize=64)
def role_session(role: Role, keys: Credentials) -> RoleSession:
    """Return this process's session of a role and the keys that assume it: connections are read often, roles assumed rarely."""
    return RoleSession(role, keys)
