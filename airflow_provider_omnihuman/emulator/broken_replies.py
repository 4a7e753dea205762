"""Carries out a fault on the wire."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from airflow_provider_omnihuman.emulator.codes import (
    GATEWAY_CODES,
    SPEECH_CODES,
    STS_CODES,
    BusinessError,
    GatewayError,
    SpeechApiError,
)
from airflow_provider_omnihuman.emulator.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_omnihuman.emulator.envelopes import Envelope

_PROXY_PAGE = """<html>
<head><title>{status} from a proxy</title></head>
<body><center><h1>{status}</h1></center><hr><center>nginx</center></body>
</html>
"""


async def break_reply(
    faults: Iterable[Fault], request: web.Request, envelope: Envelope, reply: web.StreamResponse | None = None
) -> web.StreamResponse | None:
    """Carry out what was taken; ``None`` says that the request goes on as if nothing had happened."""
    for fault in faults:
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.delay_s)
            continue
        return await _break(fault, request, envelope, reply)
    return None


async def _break(
    fault: Fault, request: web.Request, envelope: Envelope, reply: web.StreamResponse | None
) -> web.StreamResponse | None:
    if fault.kind is FaultKind.RESET:
        return reset(request)
    if fault.kind is FaultKind.HALF_BODY:
        return await _send_half(request, reply)
    return _replace(fault, envelope)


def _replace(fault: Fault, envelope: Envelope) -> web.Response:
    """Return a whole reply that is not the right one."""
    match fault.kind:
        case FaultKind.CODE:
            return _refuse(fault, envelope)
        case FaultKind.EMPTY:
            return web.Response()
        case FaultKind.GARBAGE:
            return web.Response(body=b'{"code": 10000, "data": {"sta', content_type="application/json")
        case _:
            status = fault.status or web.HTTPServiceUnavailable.status_code
            page = _PROXY_PAGE.format(status=status)
            return web.Response(status=status, text=page, content_type="text/html")


def reset(request: web.Request) -> web.Response:
    """Break the connection with a TCP reset, as a crashing proxy does."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()  # nobody receives it


async def _send_half(request: web.Request, reply: web.StreamResponse | None) -> web.StreamResponse:
    """Announce the whole length, send the half, hang up."""
    body = await _read_body(reply)
    partial = web.StreamResponse(status=reply.status if reply else 200)
    partial.content_type = reply.content_type if reply else "application/json"
    partial.content_length = len(body)
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return partial


async def _read_body(reply: web.StreamResponse | None) -> bytes:
    if isinstance(reply, web.FileResponse):
        return await asyncio.to_thread(reply._path.read_bytes)  # noqa: SLF001 -- aiohttp offers no other way to it
    if isinstance(reply, web.Response) and isinstance(reply.body, bytes):
        return reply.body
    return b"{}"


def _refuse(fault: Fault, envelope: Envelope) -> web.Response:
    if fault.code in SPEECH_CODES:
        return envelope.speech_error(SpeechApiError(fault.code, "as the admin API demands"))
    if fault.code in GATEWAY_CODES or fault.code in STS_CODES or fault.gateway_shape:
        return envelope.gateway_error(GatewayError(fault.code, "as the admin API demands"))
    return envelope.business_error(BusinessError(int(fault.code), "as the admin API demands"))
