"""The two shapes of a reply: the service's flat one and the gateway's."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from airflow_provider_omnihuman.emulator.codes import (
    BUSINESS_CODES,
    GATEWAY_CODES,
    SPEECH_CODES,
    STS_CODES,
    SUCCESS,
    BusinessError,
    GatewayCode,
    GatewayError,
    SpeechApiError,
)

# Not of the vendor: tells a developer what the real service keeps to itself.
DETAIL_HEADER = "X-Emulator-Detail"


def new_request_id() -> str:
    """Return an id like the page's: the time in China, then 20 hexadecimal digits."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 8 * 3600)) + secrets.token_hex(10).upper()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Wraps one request's reply; made when the request comes in, since the reply tells how long it took."""

    action: str = ""
    version: str = ""
    service: str = ""
    region: str = ""
    request_id: str = field(default_factory=new_request_id)
    started_s: float = field(default_factory=time.perf_counter)

    def success(self, data: dict[str, Any], *, with_status: bool) -> web.Response:
        """Return code 10000 with data. The page shows ``status`` on a query and none on a submit."""
        return self._business(SUCCESS, "Success", data, http_status=200, with_status=with_status)

    def business_error(self, error: BusinessError) -> web.Response:
        """Return a refusal of the service."""
        http_status, message = BUSINESS_CODES[error.code]
        return self._business(error.code, message, None, http_status=http_status, detail=error.detail)

    def result(self, result: dict[str, Any]) -> web.Response:
        """Return what an action of the gateway's own shape answers: metadata without an error, and a result."""
        return self._json({"ResponseMetadata": self._metadata(), "Result": result}, http_status=200, detail="")

    def gateway_error(self, error: GatewayError) -> web.Response:
        """Return a refusal of the gateway; a business code can sit in this shape too."""
        known = GATEWAY_CODES.get(error.code) or STS_CODES.get(error.code) or _as_gateway_code(int(error.code))
        told = {
            "CodeN": error.number or known.number,
            "Code": error.code,
            "Message": known.message.format(error.detail),
        }
        body = {"ResponseMetadata": self._metadata() | {"Error": told}}
        return self._json(body, known.http_status, error.detail)

    def speech_error(self, error: SpeechApiError) -> web.Response:
        """Return a refusal of the speech service: one frame, mostly with HTTP 200."""
        code, http_status, message = SPEECH_CODES[error.code]
        body = {"code": code, "message": message.format(error.detail), "data": None}
        return self._json(body, http_status, error.detail)

    def _metadata(self) -> dict[str, Any]:
        return {
            "RequestId": self.request_id,
            "Action": self.action,
            "Version": self.version,
            "Service": self.service,
            "Region": self.region,
        }

    def _business(
        self,
        code: int,
        message: str,
        data: dict[str, Any] | None,
        *,
        http_status: int,
        with_status: bool = True,
        detail: str = "",
    ) -> web.Response:
        body = {"code": code, "data": data, "message": message, "request_id": self.request_id}
        if with_status:
            body["status"] = code
        body["time_elapsed"] = f"{(time.perf_counter() - self.started_s) * 1000:.6f}ms"
        return self._json(body, http_status, detail)

    def _json(self, body: dict[str, Any], http_status: int, detail: str) -> web.Response:
        headers = {"X-Tt-Logid": self.request_id}
        if detail:
            headers[DETAIL_HEADER] = detail.encode("ascii", "replace").decode().replace("\n", " ")
        text = json.dumps(body, ensure_ascii=False)
        return web.Response(text=text, status=http_status, headers=headers, content_type="application/json")


def _as_gateway_code(code: int) -> GatewayCode:
    http_status, message = BUSINESS_CODES[code]
    return GatewayCode(code, http_status, message)
