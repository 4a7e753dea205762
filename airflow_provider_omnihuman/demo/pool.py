"""The pool that holds the account's limit of jobs at once; ``airflow pools set … --include-deferred`` makes the same one."""

from __future__ import annotations

from typing import Any

__all__ = ["POOL", "render_pool"]

POOL = "omnihuman"
_UNLIMITED = -1  # in Airflow's words; the emulator's is 0


def render_pool(concurrency: int) -> dict[str, Any]:
    """Return the body for ``POST /api/v2/pools``.

    :param concurrency: how many jobs the account may have at once; 0 is no limit.
    """
    return {
        "name": POOL,
        "slots": concurrency or _UNLIMITED,
        "description": "OmniHuman jobs at once",
        "include_deferred": True,  # a render is deferred for as long as it takes, and must hold its slot
    }
