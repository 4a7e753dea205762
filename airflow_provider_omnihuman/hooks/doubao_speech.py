"""The hook: a connection of type ``doubao_speech`` becomes a speech engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from airflow_provider_omnihuman.speech.doubao import DEFAULT_ENDPOINT, DoubaoCredentials, DoubaoSpeechEngine
from airflow_provider_omnihuman.speech.errors import SpeechError, SpeechSetupError

if TYPE_CHECKING:
    from airflow.sdk import Connection

__all__ = ["DoubaoSpeechHook"]


class DoubaoSpeechHook(BaseHook):
    """Speak by Doubao with the keys of an Airflow connection.

    New console: the password is the API key. Old console: the login is the App ID, the password the Access Key.

    :param doubao_speech_conn_id: a connection of type ``doubao_speech``; extras ``resource_id`` (``seed-tts-2.0`` by
        default), ``endpoint``, ``timeout_s``
    :raises SpeechSetupError: on first use, naming the field that is missing or wrong
    """

    conn_name_attr = "doubao_speech_conn_id"
    default_conn_name = "doubao_speech_default"
    conn_type = "doubao_speech"
    hook_name = "Doubao Speech (Volcengine)"

    def __init__(self, doubao_speech_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.doubao_speech_conn_id = doubao_speech_conn_id

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's fields; Airflow 3.1 asks here, later ones read the provider metadata."""
        from airflow_provider_omnihuman.connection_forms import form_widgets

        return form_widgets(cls.conn_type)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the form's labels; Airflow 3.1 asks here, later ones read the provider metadata."""
        from airflow_provider_omnihuman.connection_forms import ui_field_behaviour

        return ui_field_behaviour(cls.conn_type)

    def get_conn(self) -> DoubaoSpeechEngine:
        """Return an engine with the connection's settings."""
        return self.engine()

    def engine(self, **settings: Any) -> DoubaoSpeechEngine:
        """Return an engine.

        :param settings: of :class:`DoubaoSpeechEngine`; they win over the connection's
        """
        connection = self.get_connection(self.doubao_speech_conn_id)
        try:
            return DoubaoSpeechEngine(**(_settings_of(connection) | settings))
        except SpeechSetupError as error:
            error.message = f"connection {self.doubao_speech_conn_id!r}: {error.message}"
            raise

    def test_connection(self) -> tuple[bool, str]:
        """Check network, credentials and resource by asking for nothing to be spoken."""
        try:
            engine = self.engine()
            engine.probe()
        except SpeechError as error:
            return False, str(error)
        return True, f"{engine.endpoint} accepts the credentials for {engine.resource_id}"


def _settings_of(connection: Connection) -> dict[str, Any]:
    """Read and check what a connection says about the engine."""
    extra = connection.extra_dejson
    # Airflow gives an empty mapping for an extra that is no JSON: "no extras" would use the wrong endpoint.
    if not isinstance(extra, Mapping) or (not extra and (connection.extra or "").strip() not in {"", "{}", "null"}):
        raise SpeechSetupError("extra is not a JSON object")
    settings: dict[str, Any] = {"credentials": _credentials(connection), "endpoint": _endpoint(extra)}
    if extra.get("resource_id"):
        settings["resource_id"] = str(extra["resource_id"])
    if extra.get("timeout_s") not in {None, ""}:
        settings["timeout_s"] = _seconds(extra["timeout_s"])
    return settings


def _credentials(connection: Connection) -> DoubaoCredentials:
    if not connection.password:
        raise SpeechSetupError(
            "password is missing", advice="put the API key there; with the old console's App ID as login, the Access Key"
        )
    if connection.login:
        return DoubaoCredentials(app_id=connection.login, access_key=connection.password)
    return DoubaoCredentials(api_key=connection.password)


def _endpoint(extra: Mapping[str, Any]) -> str:
    value = extra.get("endpoint") or DEFAULT_ENDPOINT
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        usable = usable and not (parts.username or parts.query or parts.path.strip("/"))
    except (AttributeError, TypeError, ValueError):
        usable = False
    if not usable:
        raise SpeechSetupError(
            f"extra endpoint must be a base URL such as {DEFAULT_ENDPOINT}, without path or query, not {value!r}"
        )
    return str(value).rstrip("/")


def _seconds(value: object) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SpeechSetupError(f"extra timeout_s must be a positive number of seconds, not {value!r}")
    return seconds
