"""Checks of the service: its connection, its keys, its clock, and the speech service beside it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.clock_skew import skew_s, skew_told
from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.cli.answers import Refusal
from airflow_provider_omnihuman.cli.connecting import connected
from airflow_provider_omnihuman.cli.findings import Finding, failed, ok, skipped, warning

if TYPE_CHECKING:
    from airflow_provider_omnihuman.api.conversations import Conversation
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["Service", "check_clock", "check_connection", "check_keys", "check_speech"]

_SKEW_TOLD_S = 60.0
_SKEW_REFUSED_S = 900.0
"""What the service tolerates is not documented; a quarter of an hour is what such gateways usually do."""


@dataclass
class Service:
    """One connection, looked at once.

    :param conn_id: its id
    """

    conn_id: str
    replies: list[tuple[float, Any]] = field(default_factory=list)

    @cached_property
    def hook(self) -> OmniHumanHook | Exception:
        """The hook, or why there is none."""
        try:
            return connected(self.conn_id)
        except (Refusal, OmniHumanError) as error:
            return error

    @property
    def endpoint(self) -> str | None:
        """The base URL; None where there is no connection."""
        return None if isinstance(self.hook, Exception) else self.hook.api.base_url

    @property
    def max_concurrency(self) -> int | None:
        """The jobs that the account may have at once; None where nobody knows."""
        return None if isinstance(self.hook, Exception) else self.hook.settings().max_concurrency

    @cached_property
    def refusal(self) -> OmniHumanError | None:
        """What the service has against the keys; asked once, for a task that cannot exist."""
        assert not isinstance(self.hook, Exception)
        try:
            self.hook.perform(self._watched(self.hook.api.probe()))
        except OmniHumanError as error:
            return error
        return None

    def _watched(self, conversation: Conversation[None]) -> Conversation[None]:
        """Have the conversation, and keep each reply with the middle of the time that it took."""
        step = next(conversation)
        while True:
            asked_at = time.time()
            try:
                reply = yield step
            except OmniHumanError as error:
                step = conversation.throw(error)
                continue
            self.replies.append(((asked_at + time.time()) / 2, reply))
            try:
                step = conversation.send(reply)
            except StopIteration:
                return


def check_connection(service: Service) -> Finding:
    """The connection is there, is of its type, and has what it needs."""
    hook = service.hook
    if isinstance(hook, Refusal):
        return failed(hook.message, hook.advice)
    if isinstance(hook, OmniHumanError):
        return failed(
            str(hook), f"airflow connections edit, or the form in the UI; see `airflow connections get {service.conn_id}`"
        )
    assert not isinstance(hook, Exception)
    conn_type = hook.get_connection(service.conn_id).conn_type
    if conn_type != hook.conn_type:
        says = f"{service.conn_id} is of type {conn_type or 'none'}"
        return warning(says, "set its type to omnihuman: its form and its Test button come with it")
    site = hook.api.site.name
    return ok(f"{service.conn_id}: {site}, {hook.api.base_url}")


def check_keys(service: Service) -> Finding:
    """The service takes the keys."""
    if isinstance(service.hook, Exception):
        return skipped("no connection")
    error = service.refusal
    if error is None:
        return ok("the service accepts them")
    says = f"[{error.code}] {error.message}" if error.code else error.message
    return failed(says + (f" (request {error.request_id})" if error.request_id else ""), error.advice)


def check_clock(service: Service) -> Finding:
    """This machine's clock agrees with the service's, whose signatures hold their time."""
    if isinstance(service.hook, Exception):
        return skipped("no connection")
    _ = service.refusal
    if not service.replies:
        return skipped("the service does not answer")
    here, reply = service.replies[-1]
    skew, says = skew_s(reply, now=here), skew_told(reply, now=here)
    if skew is None or says is None:
        return skipped("the service does not tell its time")
    if abs(skew) >= _SKEW_REFUSED_S:
        return failed(says, "set this machine's clock by NTP: the service refuses signatures of another time")
    if abs(skew) >= _SKEW_TOLD_S:
        return warning(says, "set this machine's clock by NTP, before the service refuses its signatures")
    return ok("this machine's is within a minute of the service's")


def check_speech(conn_id: str) -> Finding:
    """The speech connection works, where there is one."""
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook
    from airflow_provider_omnihuman.speech.errors import SpeechError

    try:
        engine = DoubaoSpeechHook(conn_id).engine()
        engine.probe()
    except AirflowNotFoundException:
        return skipped(f"no connection {conn_id}: only speech by Doubao needs one")
    except SpeechError as error:
        return failed(error.message, getattr(error, "advice", "") or "see docs/connections.md")
    return ok(f"{engine.endpoint} accepts the keys for {engine.resource_id}")
