"""Temporary keys as STS issues them: nothing is stored, each key and token carries its own proof, and they end."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.emulator.codes import GatewayError
from airflow_provider_omnihuman.emulator.signature import Account

if TYPE_CHECKING:
    from airflow_provider_omnihuman.emulator.clock import EmulatedClock

_PREFIX = "AKTP"
"""What the vendor's temporary access keys begin with (seen)."""
_RANDOM_CHARACTERS = 32
_PROOF_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class IssuedKeys:
    """One set of temporary keys.

    :param issued_s: by the emulated time of day, whole seconds.
    :param expires_s: likewise.
    """

    account: Account
    issued_s: int
    expires_s: int


@dataclass(frozen=True, slots=True)
class TemporaryKeys:
    """Issues keys and knows its own again, also after a restart.

    :param secret: what only the server knows.
    :param clock: by whose time of day they end.
    """

    secret: bytes = field(repr=False)
    clock: EmulatedClock

    def issue(self, lifetime_s: int) -> IssuedKeys:
        """Make keys that end so many seconds from now."""
        issued_s = int(self.clock.now())
        body = secrets.token_hex(_RANDOM_CHARACTERS // 2)
        access_key = f"{_PREFIX}{body}{self._proof('access', body)[:_PROOF_CHARACTERS]}"
        expires_s = issued_s + lifetime_s
        account = Account(access_key, self._secret_key(access_key), self._token(access_key, expires_s))
        return IssuedKeys(account, issued_s, expires_s)

    def account(self, access_key: str, session_token: str) -> Account | None:
        """Return the account of a temporary access key; ``None`` where it is none of ours.

        :raises GatewayError: the token is missing, another key's, tampered with, or expired.
        """
        body = access_key.removeprefix(_PREFIX)
        proof = self._proof("access", body[:_RANDOM_CHARACTERS])[:_PROOF_CHARACTERS]
        if access_key == body or not hmac.compare_digest(body[_RANDOM_CHARACTERS:].encode(), proof.encode()):
            return None
        if not session_token:
            raise GatewayError("InvalidSecretToken", "a temporary access key needs its session token")
        expires_s = _expiry_in(session_token)
        if not hmac.compare_digest(session_token.encode(), self._token(access_key, expires_s).encode()):
            raise GatewayError("InvalidSecretToken", "the session token is not the one of this access key")
        if self.clock.now() >= expires_s:
            raise GatewayError("InvalidSecretToken", "the session token has expired")
        return Account(access_key, self._secret_key(access_key), session_token)

    def _secret_key(self, access_key: str) -> str:
        return base64.b64encode(self._proof("secret", access_key).encode()).decode()

    def _token(self, access_key: str, expires_s: int) -> str:
        text = f"{expires_s}.{self._proof('token', f'{access_key}.{expires_s}')}"
        return base64.b64encode(text.encode()).decode()

    def _proof(self, purpose: str, text: str) -> str:
        return hmac.digest(self.secret, f"{purpose}:{text}".encode(), "sha256").hex()


def _expiry_in(session_token: str) -> int:
    """Return the expiry that a token names, which its proof has yet to confirm; 0 where it names none."""
    try:
        return int(base64.b64decode(session_token, validate=True).partition(b".")[0])
    except (binascii.Error, ValueError):
        return 0
