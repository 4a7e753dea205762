"""Where the time before a submit goes: a stack of phases, of which the topmost is charged, until the POST sets out."""

from __future__ import annotations

import builtins
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

REST = "the operator itself"
IMPORTS = "imports"
POST = "the POST"
_PACKAGE = "airflow_provider_omnihuman"
_PHASES = {
    (f"{_PACKAGE}.hooks.omnihuman", "OmniHumanHook", "settings"): "connection",
    (f"{_PACKAGE}.operators.inputs", "MediaInputs", "check_image"): "input checks",
    (f"{_PACKAGE}.operators.inputs", "MediaInputs", "check_audio"): "input checks",
    (f"{_PACKAGE}.ledger.stores", "TaskStateLedger", "read"): "ledger",
    (f"{_PACKAGE}.ledger.stores", "TaskStateLedger", "write"): "ledger",
    (f"{_PACKAGE}.operators.inputs", "", "tls_context"): "TLS certificates",
    (f"{_PACKAGE}.api.transport", "", "tls_context"): "TLS certificates",
    (f"{_PACKAGE}.api.client", "", "blocking_http"): "HTTP client",
    (f"{_PACKAGE}.api.signing", "SignatureV4Auth", "sign"): "signing",
    ("httpx", "HTTPTransport", "handle_request"): POST,
}
NAMES = tuple(dict.fromkeys((IMPORTS, *_PHASES.values(), REST)))


class Phases:
    """Times what happens between two submits; each function is wrapped as soon as its module is there."""

    def __init__(self) -> None:
        self._waiting = dict(_PHASES)
        self._import = builtins.__import__
        self.begin()

    def begin(self) -> None:
        self.spent_ns = dict.fromkeys(NAMES, 0)
        self._stack = [REST]
        self._is_over = False
        self._since_ns = time.monotonic_ns()

    def install(self) -> None:
        """Charge imports from now on."""
        builtins.__import__ = self._timed(IMPORTS, self._import, after=self._wrap_what_is_there)

    def _charge(self) -> None:
        if self._is_over:
            return
        now_ns = time.monotonic_ns()
        self.spent_ns[self._stack[-1]] += now_ns - self._since_ns
        self._since_ns = now_ns

    def _timed(self, phase: str, function: Callable[..., Any], *, after: Callable[[], None] | None = None) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            is_part = self._stack[-1] == phase or (phase == POST and len(self._stack) > 1)  # an input check's own request
            if is_part:
                return function(*args, **kwargs)
            self._charge()
            self._is_over = self._is_over or phase == POST
            self._stack.append(phase)
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                self._stack.pop()
                if after:
                    after()

        return timed

    def _wrap_what_is_there(self) -> None:
        for (module, owner, name), phase in list(self._waiting.items()):
            home = sys.modules.get(module)
            place = getattr(home, owner, None) if owner else home
            if place is not None and hasattr(place, name):
                del self._waiting[module, owner, name]
                setattr(place, name, self._timed(phase, getattr(place, name)))
