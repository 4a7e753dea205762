"""The secrets of one run, made up afresh and never printed, but for the password that ``--keep`` shows."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field


def _token() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that the services must agree on; a fresh instance holds fresh values."""

    user: str = "admin"
    password: str = field(default_factory=_token, repr=False)
    access_key: str = field(default_factory=lambda: f"AKLT{secrets.token_hex(16)}", repr=False)
    secret_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(30)).decode(), repr=False)
    # Temporary credentials, as a careful deployment has them: the token is one more secret to keep.
    session_token: str = field(default_factory=lambda: secrets.token_urlsafe(40), repr=False)
    speech_api_key: str = field(default_factory=_token, repr=False)
    s3_access_key: str = field(default_factory=lambda: f"AKIA{secrets.token_hex(8).upper()}", repr=False)
    s3_secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    fernet_key: str = field(default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), repr=False)
    # HS512 asks for 64 bytes.
    jwt_secret: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)
    api_secret: str = field(default_factory=_token, repr=False)
