"""Serves finished videos and masks under URLs that die after an hour."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_omnihuman.emulator.clock import EmulatedClock

URL_LIFETIME_S = 3600
FOLDERS = {"videos": "video", "masks": "mask"}
_DENIED = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>{}</Message></Error>'


@dataclass(frozen=True, slots=True)
class Downloads:
    """Makes and honours download URLs.

    :param folder: holds ``videos`` and ``masks``.
    :param secret: what the URLs are signed with.
    """

    folder: Path
    clock: EmulatedClock
    secret: bytes = field(repr=False)

    def url(self, base: str, kind: str, name: str) -> str:
        """Return a fresh URL for a file.

        :param base: the emulator's own address.
        :param kind: ``videos`` or ``masks``.
        """
        expires = str(int(self.clock.now()) + URL_LIFETIME_S)
        query = urlencode({"X-Expires": expires, "X-Signature": self._sign(f"{kind}/{name}", expires)})
        return f"{base}/{kind}/{name}?{query}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET or HEAD, ranges included."""
        kind, name = request.match_info["kind"], request.match_info["name"]
        expires, signature = request.query.get("X-Expires", ""), request.query.get("X-Signature", "")
        if not hmac.compare_digest(signature.encode(), self._sign(f"{kind}/{name}", expires).encode()):
            return _deny("The signature of this URL is wrong.")
        # Signed, hence a number and a name of our own.
        if self.clock.now() >= int(expires):
            return _deny("Request has expired.")
        path = self.folder / kind / name
        if not path.is_file():
            return web.Response(status=404)
        return web.FileResponse(path)

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self.secret, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _deny(message: str) -> web.Response:
    return web.Response(status=403, text=_DENIED.format(message), content_type="application/xml")
