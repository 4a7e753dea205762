"""The connections that are used where a Dag names none; apart from the hooks, whose import a Dag file need not pay for."""

from __future__ import annotations

__all__ = ["DOUBAO_SPEECH_CONN_ID", "OMNIHUMAN_CONN_ID"]

OMNIHUMAN_CONN_ID = "omnihuman_default"
DOUBAO_SPEECH_CONN_ID = "doubao_speech_default"
