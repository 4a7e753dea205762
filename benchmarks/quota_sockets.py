"""The gates against the real emulator, over sockets: processes full of waiters, which ask far more often than the account may.

Run by itself it is one of these processes: ``quota_sockets.py '{"endpoint": …, "waiters": 20, "seconds": 10, "gate": …}'``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from quota_simulator import OpenGate

from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient
from airflow_provider_omnihuman.api.errors import QuotaError
from airflow_provider_omnihuman.api.quota import RequestRate, reserve_for_workers
from airflow_provider_omnihuman.api.signing import Credentials
from airflow_provider_omnihuman.emulator.codes import QPS_EXCEEDED
from airflow_provider_omnihuman.emulator.server import Emulator
from airflow_provider_omnihuman.emulator.settings import LOCAL_ACCESS_KEY, LOCAL_SECRET_KEY, Settings

QPS = 5
WAITERS = 20


@dataclass(frozen=True, slots=True)
class Crowd:
    """Processes of waiters that each ask once a second.

    :param gated: whether they pass a gate
    :param max_qps: what it knows of the limit
    :param leaves_reserve: whether it leaves the workers' share
    """

    processes: int
    gated: bool = True
    max_qps: float | None = QPS
    leaves_reserve: bool = False
    waiters: int = WAITERS


@dataclass(frozen=True, slots=True)
class Answered:
    """What the emulator counted."""

    taken_per_s: float
    refused_per_s: float


def ask_all(crowds: Mapping[str, Crowd], *, seconds: float) -> dict[str, Answered]:
    """Let each crowd ask an emulator of its own for that long, all at the same time."""
    with ThreadPoolExecutor(len(crowds)) as threads:
        return dict(zip(crowds, threads.map(lambda crowd: _ask(crowd, seconds=seconds), crowds.values()), strict=True))


def _ask(crowd: Crowd, *, seconds: float) -> Answered:
    with Emulator(Settings(qps=QPS, concurrency=0)) as emulator:
        order = json.dumps({"endpoint": emulator.endpoint, "seconds": seconds, "crowd": asdict(crowd)})
        processes = [subprocess.Popen([sys.executable, __file__, order]) for _ in range(crowd.processes)]  # noqa: S603
        if any([process.wait() for process in processes]):  # noqa: C419 - all must have ended
            raise RuntimeError(f"a process of {crowd} failed")
        state = httpx.get(f"{emulator.admin_url}/state", trust_env=False).raise_for_status().json()
    outcomes = Counter(state["requests"]["CVGetResult"])
    refused = outcomes.pop(str(QPS_EXCEEDED), 0)
    return Answered(outcomes.total() / seconds, refused / seconds)


async def wait_together(*, endpoint: str, seconds: float, crowd: Mapping[str, Any]) -> None:
    """Be one of the processes."""
    reserve = reserve_for_workers(crowd["max_qps"]) if crowd["leaves_reserve"] else 0.0
    rate = RequestRate(crowd["max_qps"], sharers=crowd["processes"], reserve=reserve)
    async with AsyncOmniHumanClient(Credentials(LOCAL_ACCESS_KEY, LOCAL_SECRET_KEY), endpoint=endpoint, rate=rate) as client:
        if not crowd["gated"]:
            client._gate = OpenGate()  # type: ignore[assignment]  # noqa: SLF001 - the one thing that is compared

        async def wait() -> None:
            while True:
                with contextlib.suppress(QuotaError):
                    await client.perform(client.api.probe())
                await asyncio.sleep(1.0)

        await client.perform(client.api.probe())  # opens the client
        waits = [asyncio.create_task(wait()) for _ in range(crowd["waiters"])]
        await asyncio.wait(waits, timeout=seconds)
        for task in waits:
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(wait_together(**json.loads(sys.argv[1])))
