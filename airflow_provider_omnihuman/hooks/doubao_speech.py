"""The hook: a connection of type ``doubao_speech`` becomes a speech engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.hooks.default_connections import DOUBAO_SPEECH_CONN_ID
from airflow_provider_omnihuman.hooks.fields import base_url, check_type, decoded_extra, extra_mapping, positive_seconds
from airflow_provider_omnihuman.hooks.form import HookWithForm
from airflow_provider_omnihuman.speech.doubao import DEFAULT_ENDPOINT, DoubaoCredentials, DoubaoSpeechEngine
from airflow_provider_omnihuman.speech.errors import SpeechError, SpeechSetupError

if TYPE_CHECKING:
    from airflow.sdk import Connection

__all__ = ["DoubaoSpeechHook"]


class DoubaoSpeechHook(HookWithForm):
    """Speak by Doubao with the keys of an Airflow connection.

    New console: the password is the API key. Old console: the login is the App ID, the password the Access Key.

    :param doubao_speech_conn_id: a connection of type ``doubao_speech``; extras ``resource_id`` (``seed-tts-2.0`` by
        default), ``endpoint``, ``timeout_s``
    :raises SpeechSetupError: on first use, naming the field that is missing or wrong
    """

    conn_name_attr = "doubao_speech_conn_id"
    default_conn_name = DOUBAO_SPEECH_CONN_ID
    conn_type = "doubao_speech"
    hook_name = "Doubao Speech (Volcengine)"

    def __init__(self, doubao_speech_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.doubao_speech_conn_id = doubao_speech_conn_id

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
    check_type(connection.conn_type, expected=DoubaoSpeechHook.conn_type, error=SpeechSetupError)
    extra = extra_mapping(decoded_extra(connection), raw=connection.extra, error=SpeechSetupError)
    settings: dict[str, Any] = {"credentials": _credentials(connection), "endpoint": _endpoint(extra)}
    if extra.get("resource_id"):
        settings["resource_id"] = extra["resource_id"]
    if extra.get("timeout_s") not in (None, ""):
        settings["timeout_s"] = positive_seconds(extra, "timeout_s", default=0.0, error=SpeechSetupError)
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
    return base_url(value, field="extra endpoint", example=DEFAULT_ENDPOINT, error=SpeechSetupError)
