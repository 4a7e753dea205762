"""The admin API: what happened, and what shall happen; on a port of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from airflow_provider_omnihuman.emulator.codes import BUSINESS_CODES
from airflow_provider_omnihuman.emulator.tasks import Status, Task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_omnihuman.emulator.clock import EmulatedClock
    from airflow_provider_omnihuman.emulator.faults import FaultRules
    from airflow_provider_omnihuman.emulator.settings import Settings
    from airflow_provider_omnihuman.emulator.store import Store
    from airflow_provider_omnihuman.emulator.studio import Studio
    from airflow_provider_omnihuman.emulator.visual_api import VisualApi

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Admin:
    """JSON in, JSON out; a wrong request gets 400 and says why."""

    settings: Settings
    store: Store
    clock: EmulatedClock
    faults: FaultRules
    studio: Studio
    visual: VisualApi

    def application(self) -> web.Application:
        """Return the web application."""
        application = web.Application(middlewares=[_explain_errors])
        application.router.add_get("/state", self._state)
        application.router.add_get("/faults", self._list_faults)
        application.router.add_post("/faults", self._add_fault)
        application.router.add_delete("/faults", self._remove_faults)
        application.router.add_delete("/faults/{fault_id}", self._remove_faults)
        application.router.add_get("/clock", self._show_clock)
        application.router.add_post("/clock", self._move_clock)
        application.router.add_post("/tasks/{task_id}", self._force)
        application.router.add_post("/reset", self._reset)
        return application

    async def _state(self, _: web.Request) -> web.Response:
        jobs = [self._job(task) for task in self.store.tasks]
        billed_s = sum(job["billed_s"] for job in jobs)
        return web.json_response(
            {
                "clock": self._clock_state(),
                "requests": self.store.counters(),
                "accepted": len(jobs),
                "billed_s": billed_s,
                "cost_cny": round(billed_s * self.settings.price_per_s, 2),
                "jobs": jobs,
                "faults": [fault.as_document() for fault in self.faults.rules],
            }
        )

    def _job(self, task: Task) -> dict[str, Any]:
        status = self.visual.status(task)
        return {
            "task_id": task.task_id,
            "kind": task.kind.value,
            "site": task.site,
            "status": status.value,
            "code": task.error_code() if status is Status.FAILED else None,
            "detail": task.failure_detail,
            "seed": task.seed,
            "submitted_s": task.submitted_s,
            "work_s": task.work_s,
            "rendered": task.ready,
            # A job that fails is not charged for; one that nobody came back for is.
            "billed_s": 0.0 if task.error_code() else task.media_s,
            "body": task.body,
        }

    async def _list_faults(self, _: web.Request) -> web.Response:
        return web.json_response([fault.as_document() for fault in self.faults.rules])

    async def _add_fault(self, request: web.Request) -> web.Response:
        document = await _read(request)
        return web.json_response(self.faults.add(document).as_document(), status=201)

    async def _remove_faults(self, request: web.Request) -> web.Response:
        fault_id = request.match_info.get("fault_id")
        self.faults.remove(None if fault_id is None else int(fault_id))
        return await self._list_faults(request)

    async def _show_clock(self, _: web.Request) -> web.Response:
        return web.json_response(self._clock_state())

    async def _move_clock(self, request: web.Request) -> web.Response:
        document = await _read(request)
        if unknown := set(document) - {"advance_s", "speed"}:
            raise ValueError(f"unknown field {min(unknown)!r}; known are advance_s, speed")
        advance_s = _number(document, "advance_s", default=0.0)
        speed = _number(document, "speed", default=self.clock.speed)
        self.clock.advance(advance_s)
        self.clock.set_speed(speed)
        return await self._show_clock(request)

    async def _force(self, request: web.Request) -> web.Response:
        task = self.store.task(request.match_info["task_id"])
        if task is None:
            return web.json_response({"error": "no such task"}, status=404)
        document = await _read(request)
        self.store.save(_forced(task, document))
        return web.json_response(self._job(self.store.task(task.task_id) or task))

    async def _reset(self, _: web.Request) -> web.Response:
        self.store.clear()
        self.studio.abandon()
        self.faults.remove()
        self.clock.reset()
        self.visual.rate.reset()
        return web.json_response({})

    def _clock_state(self) -> dict[str, float]:
        return {"now_s": self.clock.now(), "work_now_s": self.clock.work_now(), "speed": self.clock.speed}


def _forced(task: Task, document: dict[str, Any]) -> Task:
    """Return the task with a forced status or code; ``{"status": null}`` lets it live on."""
    if set(document) not in ({"status"}, {"code"}):
        raise ValueError("give either a status or a code")
    if "code" in document:
        if document["code"] not in BUSINESS_CODES:
            raise ValueError(f"unknown code {document['code']!r}")
        return replace(task, forced=Status.FAILED, failure=document["code"], failure_detail="forced")
    if document["status"] is None:
        return replace(task, forced=None, failure=None, failure_detail="")
    return replace(task, forced=Status(document["status"]))


async def _read(request: web.Request) -> dict[str, Any]:
    document = json.loads(await request.read() or b"{}")
    if not isinstance(document, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 -- answered with 400 like the others
    return document


def _number(document: dict[str, Any], name: str, *, default: float) -> float:
    value = document.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number from 0")
    return float(value)


@web.middleware
async def _explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
