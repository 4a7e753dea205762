"""What one emulator can be told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

# For local use, and written in the documentation: they open nothing anywhere else.
LOCAL_ACCESS_KEY = "AKLTemulator"
LOCAL_SECRET_KEY = "emulator-secret-key"  # noqa: S105 -- published on purpose, see above
LOCAL_SPEECH_API_KEY = "emulator-speech-key"
LOCAL_SPEECH_APP_ID = "emulator-app"
LOCAL_ROLE_TRN = "trn:iam::2100000000:role/omnihuman-emulator"
LOCAL_SPEECH_ACCESS_TOKEN = "emulator-speech-token"  # noqa: S105 -- published on purpose, see above


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured; each field is an option of the command.

    :param data_dir: where tasks, counters and videos live; ``None`` is a temporary folder.
    :param site: ``mainland``, ``international``, or ``any``: then the region of each signature decides.
    :param speed: how many seconds of work pass in one real second.
    :param concurrency: how many jobs may run at once, per kind of job; 0 is no limit.
    :param qps: how many requests a second the API takes; 0 is no limit.
    :param price_per_s: CNY for a second of video, for the sum in ``GET /state``.
    :param role_trn: the role that these keys may assume by STS.
    :param role_session_s: how long temporary keys of STS live, whatever was asked for; 0 is as asked.
    :param fetch_hosts: hosts beside loopback that inputs may be fetched from; ``*`` is any.
    """

    host: str = "127.0.0.1"
    port: int = 0
    admin_port: int = 0
    data_dir: Path | None = None
    site: str = "any"
    access_key: str = LOCAL_ACCESS_KEY
    secret_key: str = field(default=LOCAL_SECRET_KEY, repr=False)
    session_token: str = field(default="", repr=False)
    role_trn: str = LOCAL_ROLE_TRN
    role_session_s: int = 0
    speech_api_key: str = field(default=LOCAL_SPEECH_API_KEY, repr=False)
    speech_app_id: str = LOCAL_SPEECH_APP_ID
    speech_access_token: str = field(default=LOCAL_SPEECH_ACCESS_TOKEN, repr=False)
    speed: float = 1.0
    # One job at a time is what a fresh account gets (seen on the live service).
    concurrency: int = 1
    qps: int = 10
    speech_concurrency: int = 10
    speech_text_limit: int = 10_000
    # About 1 to 1.2 CNY per second of video (seen on the live service).
    price_per_s: float = 1.0
    fetch_hosts: tuple[str, ...] = ()
