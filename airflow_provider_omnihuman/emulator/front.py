"""The public side over HTTP: routes requests, lets faults happen, counts what came of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from airflow_provider_omnihuman.emulator.broken_replies import break_reply
from airflow_provider_omnihuman.emulator.catalogue import Action
from airflow_provider_omnihuman.emulator.codes import SUCCESS, BusinessError, GatewayError
from airflow_provider_omnihuman.emulator.downloads import FOLDERS
from airflow_provider_omnihuman.emulator.envelopes import Envelope
from airflow_provider_omnihuman.emulator.faults import FaultKind, FaultPhase
from airflow_provider_omnihuman.emulator.signature import ReceivedRequest, claimed_service
from airflow_provider_omnihuman.emulator.sts_api import ASSUME_ROLE, STS_SERVICE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_omnihuman.emulator.downloads import Downloads
    from airflow_provider_omnihuman.emulator.faults import FaultRules
    from airflow_provider_omnihuman.emulator.speech_api import SpeechApi
    from airflow_provider_omnihuman.emulator.store import Store
    from airflow_provider_omnihuman.emulator.sts_api import StsApi
    from airflow_provider_omnihuman.emulator.visual_api import VisualApi

    Answer = Callable[[], Awaitable[tuple[web.StreamResponse, str]]]

SPEECH_PATH = "/api/v3/tts/unidirectional"
_LARGEST_BODY_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Front:
    """Everything that a client of the vendor would talk to."""

    visual: VisualApi
    sts: StsApi
    speech: SpeechApi
    downloads: Downloads
    faults: FaultRules
    store: Store

    def application(self) -> web.Application:
        """Return the web application."""
        application = web.Application(client_max_size=_LARGEST_BODY_BYTES)
        application.router.add_route("*", "/", self._signed)
        application.router.add_post(SPEECH_PATH, self._speech)
        application.router.add_get(f"/{{kind:{'|'.join(FOLDERS)}}}/{{name}}", self._download)
        application.router.add_route("*", "/{path:.*}", self._nowhere)
        return application

    async def _signed(self, request: web.Request) -> web.StreamResponse:
        received = ReceivedRequest(
            method=request.method,
            path=request.path,
            query=request.rel_url.raw_query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        # The vendor has a host for each service, and one, open.volcengineapi.com, that goes by the signature like this.
        if claimed_service(received) == STS_SERVICE:
            return await self._sts(request, received)
        return await self._visual(request, received)

    async def _sts(self, request: web.Request, received: ReceivedRequest) -> web.StreamResponse:
        action = request.query.get("Action", "")
        envelope = Envelope(action, request.query.get("Version", ""), service=STS_SERVICE)

        async def answer() -> tuple[web.StreamResponse, str]:
            try:
                return envelope.result(self.sts.answer(received, request.query)), str(SUCCESS)
            except GatewayError as error:
                return envelope.gateway_error(error), error.code

        return await self._perform(request, action if action == ASSUME_ROLE else "other", envelope, answer)

    async def _visual(self, request: web.Request, received: ReceivedRequest) -> web.StreamResponse:
        action, version = request.query.get("Action", ""), request.query.get("Version", "")
        envelope = Envelope(action, version)

        async def answer() -> tuple[web.StreamResponse, str]:
            try:
                data = await self.visual.answer(received, action, version)
            except BusinessError as error:
                return envelope.business_error(error), str(error.code)
            except GatewayError as error:
                return envelope.gateway_error(error), error.code
            return envelope.success(data, with_status=action == Action.QUERY), str(SUCCESS)

        return await self._perform(request, action if action in set(Action) else "other", envelope, answer)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        async def answer() -> tuple[web.StreamResponse, str]:
            reply = await self.downloads.serve(request)
            return reply, str(reply.status)

        return await self._perform(request, FOLDERS[request.match_info["kind"]], Envelope(), answer)

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        async def answer() -> tuple[web.StreamResponse, str]:
            return await self.speech.answer(request)

        return await self._perform(request, "speech", Envelope(), answer)

    async def _nowhere(self, request: web.Request) -> web.StreamResponse:
        self.store.count("other", "ServiceNotFound")
        return Envelope().gateway_error(GatewayError("ServiceNotFound", request.path))

    async def _perform(self, request: web.Request, action: str, envelope: Envelope, answer: Answer) -> web.StreamResponse:
        """Let the faults before it happen, then the request, then the faults after it; count what came of it."""
        before = self.faults.take(action, FaultPhase.BEFORE)
        if before and before[-1].kind is not FaultKind.DELAY:
            self.store.count(action, f"fault:{before[-1].kind}")
        broken = await break_reply(before, request, envelope)
        if broken is not None:
            return broken
        reply, outcome = await answer()
        after = self.faults.take(action, FaultPhase.AFTER)
        told = [f"+fault:{fault.kind}" for fault in after if fault.kind is not FaultKind.DELAY]
        self.store.count(action, "".join([outcome, *told]))
        return await break_reply(after, request, envelope, reply) or reply
