"""Airflow connections to the emulator and to a local S3, as environment variables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from airflow_provider_omnihuman.emulator.settings import Settings

__all__ = ["OmniHumanConnections", "set_connection"]

LOOPBACK = "127.0.0.1,localhost"


def set_connection(monkeypatch: pytest.MonkeyPatch, conn_id: str, document: dict[str, Any]) -> None:
    """Make a connection known to Airflow for as long as the test lasts.

    :param conn_id: its id
    :param document: as in the JSON form of ``AIRFLOW_CONN_…``
    """
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(document))
    for name in ("NO_PROXY", "no_proxy"):  # whatever proxy the environment names, this is not for it
        monkeypatch.setenv(name, LOOPBACK)


@dataclass(frozen=True)
class OmniHumanConnections:
    """Makes connections that lead to the emulator.

    :param endpoint: of the emulator
    :param settings: of the emulator: which keys it accepts
    """

    endpoint: str
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    def omnihuman(self, conn_id: str, **extra: Any) -> str:
        """Make a connection of type ``omnihuman``; return its id.

        :param conn_id: its id
        :param extra: further fields of its extra, such as ``site`` or ``max_qps``
        """
        token = {"session_token": self.settings.session_token} if self.settings.session_token else {}
        document = {
            "conn_type": "omnihuman",
            "login": self.settings.access_key,
            "password": self.settings.secret_key,
            "extra": {"endpoint": self.endpoint, **token, **extra},
        }
        set_connection(self.monkeypatch, conn_id, document)
        return conn_id

    def speech(self, conn_id: str, **extra: Any) -> str:
        """Make a connection of type ``doubao_speech``; return its id.

        :param conn_id: its id
        :param extra: further fields of its extra, such as ``resource_id``
        """
        extra = {"endpoint": self.endpoint, **extra}
        document = {"conn_type": "doubao_speech", "password": self.settings.speech_api_key, "extra": extra}
        set_connection(self.monkeypatch, conn_id, document)
        return conn_id
