"""How a conversation is had, once for threads and once for an event loop: what it asks for is sent, what it pauses is slept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from airflow_provider_omnihuman.api.conversations import Conversation, Pause
from airflow_provider_omnihuman.api.errors import OmniHumanError
from airflow_provider_omnihuman.api.transport import transport_error, wire_errors

__all__ = ["drive", "drive_async"]

T = TypeVar("T")


def drive(conversation: Conversation[T], send: Callable[[httpx.Request], httpx.Response]) -> T:
    """Have the conversation; return its result. The thread sleeps through its pauses.

    :param conversation: is told of each failure
    :param send: one attempt; what it raises of ours, or of the HTTP libraries, the conversation is told
    :raises OmniHumanError: what the conversation raises
    """
    try:
        step = next(conversation)
        while True:
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                step = conversation.send(None)
                continue
            try:
                response = send(step)
            except OmniHumanError as error:
                step = conversation.throw(error)
            except wire_errors() as error:
                step = conversation.throw(transport_error(error))
            else:
                step = conversation.send(response)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def drive_async(conversation: Conversation[T], send: Callable[[httpx.Request], Awaitable[httpx.Response]]) -> T:
    """Have the conversation on this event loop; return its result. Arguments as of :func:`drive`."""
    try:
        step = next(conversation)
        while True:
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                step = conversation.send(None)
                continue
            try:
                response = await send(step)
            except OmniHumanError as error:
                step = conversation.throw(error)
            except wire_errors() as error:
                step = conversation.throw(transport_error(error))
            else:
                step = conversation.send(response)
                del response  # or each of ten thousand waits would keep it through its next pause
    except StopIteration as stop:
        result: T = stop.value
        return result
