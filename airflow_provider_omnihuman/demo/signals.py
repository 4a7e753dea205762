"""Turns the signals that mean "stop" into an exception, and keeps them out while stopping."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.demo.failures import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _raise_interrupted(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise :class:`Interrupted` when a signal asks to stop."""
    with _handled_by(_raise_interrupted):
        yield


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Let nothing interrupt what must be finished, and takes a bounded time."""
    with _handled_by(signal.SIG_IGN):
        yield


@contextlib.contextmanager
def _handled_by(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python handles signals there only
        yield
        return
    before = {number: signal.signal(number, handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier or signal.SIG_DFL)
