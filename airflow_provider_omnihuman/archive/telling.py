"""How an archived video is told in the task's log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.api.cost import cost_text

__all__ = ["archived_text"]

_MB = 1_000_000


def archived_text(uri: str, *, size: int, took_s: float, billed: Mapping[str, Any]) -> str:
    """Return the line for a video that has arrived.

    :param uri: where it is
    :param size: in bytes
    :param took_s: from the first byte asked for to the verified object
    :param billed: as of :meth:`Price.billed`
    """
    cost = cost_text(billed["cost"])
    return (
        f"Archived {uri}: {size:,} bytes in {took_s:.1f} s ({size / _MB / max(took_s, 1e-3):.1f} MB/s); "
        f"{billed['billed_seconds']:.1f} s of video" + (f", about {cost} by the connection's price" if cost else "")
    )
