"""The triggers that are compared, each as a triggerer runs it, with a note of when it started, planned to poll and was through.

Airflow imports this module in the runner process by the class paths of the rows. All notes of a process go to one place, and the
probe, which measures how late the event loop is, writes them to a folder when it is told to stop.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from airflow.providers.common.compat.connection import get_async_connection
from airflow.triggers.base import BaseTrigger, TriggerEvent
from waiting_jobs import CONN_ID, FIRST_TASK_ID, HTTP_CONN_ID
from waiting_notes import Series

from airflow_provider_omnihuman.api.conversations import Conversation, Conversations, Pause
from airflow_provider_omnihuman.api.models import Video
from airflow_provider_omnihuman.api.signing import import_signer
from airflow_provider_omnihuman.triggers.task import OmniHumanTaskTrigger

FIXED_S = 5.0
"""What a user writes first."""

_LAG_STEP_S = 0.01
_QUERY = {"Action": "CVGetResult", "Version": "2022-08-31"}
_REQ_KEY = "jimeng_realman_avatar_picture_omni_v15"

STARTED, PLANNED, OVER, LAG, FAULTS = Series(), Series(), Series(), Series(), Series()
_ALL = {"started": STARTED, "planned": PLANNED, "over": OVER, "lag": LAG, "faults": FAULTS}


def _index(task_id: str) -> int:
    return int(task_id) - FIRST_TASK_ID


class OursTrigger(OmniHumanTaskTrigger):
    """The provider's trigger, with its notes: no frame of ours stays on the stack while it waits, but for the plans."""

    def run(self) -> AsyncIterator[TriggerEvent]:
        STARTED.add(_index(self.omnihuman_task_id))
        return super().run()

    async def cleanup(self) -> None:
        OVER.add(_index(self.omnihuman_task_id))
        await super().cleanup()


class _Compared(BaseTrigger):
    """What the others share: the job that they wait for."""

    def __init__(self, *, omnihuman_task_id: str, done_at: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.omnihuman_task_id = omnihuman_task_id
        self.done_at = done_at

    def serialize(self) -> tuple[str, dict[str, Any]]:
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"omnihuman_task_id": self.omnihuman_task_id, "done_at": self.done_at}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        STARTED.add(_index(self.omnihuman_task_id))
        await self.wait()
        yield TriggerEvent({"status": "success", "task_id": self.omnihuman_task_id})

    async def wait(self) -> None:
        raise NotImplementedError

    async def cleanup(self) -> None:
        OVER.add(_index(self.omnihuman_task_id))

    async def pause(self) -> None:
        PLANNED.add(_index(self.omnihuman_task_id), time.time() + FIXED_S)
        await asyncio.sleep(FIXED_S)

    def fault(self) -> None:
        FAULTS.add(_index(self.omnihuman_task_id))


class FloorTrigger(_Compared):
    """Airflow's own cost: knows when its job is done and sleeps until then."""

    async def wait(self) -> None:
        await asyncio.sleep(max(0.0, self.done_at - time.time()))


class NaiveTrigger(_Compared):
    """What a user writes first: a client of its own, a poll every 5 s. A lost poll is no failure, which is more than most do."""

    async def wait(self) -> None:
        connection = await get_async_connection(CONN_ID)
        body = json.dumps({"req_key": _REQ_KEY, "task_id": self.omnihuman_task_id})
        url = f"http://{connection.host}:{connection.port}/"
        async with httpx.AsyncClient() as client:
            while True:
                headers = _signed(connection.login, connection.password, f"{connection.host}:{connection.port}", body)
                try:
                    reply = await client.post(url, params=_QUERY, content=body, headers=headers)
                    if reply.json()["data"]["status"] == "done":
                        return
                except httpx.TransportError:
                    self.fault()
                await self.pause()


class SessionPerPollTrigger(_Compared):
    """As ``HttpSensorTrigger`` of Airflow's http provider does it, with that provider's own hook: a session per poll."""

    async def wait(self) -> None:
        from airflow.providers.http.hooks.http import HttpAsyncHook  # noqa: PLC0415 - no part of the others' cost

        body = json.dumps({"req_key": _REQ_KEY, "task_id": self.omnihuman_task_id})
        keys = await get_async_connection(CONN_ID)
        hook = HttpAsyncHook("POST", HTTP_CONN_ID)
        while True:
            headers = _signed(keys.login, keys.password, f"{keys.host}:{keys.port}", body)
            try:
                async with aiohttp.ClientSession() as session:
                    reply = await hook.run(session, "?" + "&".join(map("=".join, _QUERY.items())), data=body, headers=headers)
                    if (await reply.json())["data"]["status"] == "done":
                        return
            except (aiohttp.ClientError, TimeoutError):
                self.fault()
            await self.pause()


class LagProbe(BaseTrigger):
    """Sleeps 10 ms at a time and notes by how much the loop was late; writes all notes once the folder holds ``stop``.

    :param folder: of the notes
    """

    def __init__(self, *, folder: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.folder = folder

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"folder": self.folder}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        folder, ticks = Path(self.folder), 0
        while ticks % 50 or not (folder / "stop").exists():
            due = time.perf_counter() + _LAG_STEP_S
            await asyncio.sleep(_LAG_STEP_S)
            LAG.add(time.time(), time.perf_counter() - due)
            ticks += 1
        for name, series in _ALL.items():
            series.save(folder / f"{name}.f64")
        (folder / "noted").touch()
        yield TriggerEvent({})


def _signed(access_key: str | None, secret_key: str | None, host: str, body: str) -> dict[str, str]:
    """Sign as the vendor's SDK does."""
    SignerV4, Request, Credentials = import_signer()  # noqa: N806 - classes
    request = Request()
    request.set_method("POST")
    request.set_path("/")
    request.set_query(dict(_QUERY))
    request.set_body(body)
    request.headers.update({"Content-Type": "application/json", "Host": host})
    SignerV4.sign(request, Credentials(access_key, secret_key, "cv", "cn-north-1"))
    headers: dict[str, str] = dict(request.headers)
    return headers


def _with_plans(wait_until_done: Callable[..., Conversation[Video]]) -> Callable[..., Conversation[Video]]:
    """Wrap the provider's conversation: each pause that it takes is a plan to poll. Some 300 bytes more per waiter."""

    def noted(self: Conversations, task_id: str, **options: Any) -> Conversation[Video]:
        conversation, index = wait_until_done(self, task_id, **options), _index(task_id)
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    PLANNED.add(index, time.time() + step.seconds)
                try:
                    reply = yield step
                except Exception as error:  # noqa: BLE001 - handed on
                    step = conversation.throw(error)
                else:
                    step = conversation.send(reply)
        except StopIteration as stop:
            video: Video = stop.value
            return video

    return noted


Conversations.wait_until_done = _with_plans(Conversations.wait_until_done)  # type: ignore[method-assign]
