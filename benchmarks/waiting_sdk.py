"""The vendor SDK polled by sensors that keep a worker: a process per waiter, forked from one that has Airflow's imports.

This is the least that a waiter costs there: Airflow puts a supervising process beside each task, which is not counted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from multiprocessing.synchronize import Event

import psutil
from waiting_jobs import FIRST_TASK_ID

WORKERS = 4


def poll(port: int, index: int, interval_s: float, over: Event) -> None:
    """Ask as the vendor's examples do, every so often."""
    from volcengine.visual.VisualService import VisualService  # noqa: PLC0415 - as a task does

    service = VisualService()
    service.set_ak("AKLTbench")
    service.set_sk("bench")
    service.set_host(f"127.0.0.1:{port}")
    body = {"req_key": "jimeng_realman_avatar_picture_omni_v15", "task_id": str(FIRST_TASK_ID + index)}
    while not over.is_set():
        reply = service.cv_get_result(body)
        if reply["data"]["status"] == "done":
            break
        over.wait(interval_s)
    over.wait()


def measure(port: int, *, interval_s: float, polls: int) -> dict[str, float]:
    """Return memory and CPU of a waiter."""
    import airflow.executors.local_executor  # noqa: PLC0415 - what a worker has before it forks
    import airflow.sdk.execution_time.task_runner  # noqa: F401, PLC0415

    context = multiprocessing.get_context("fork")
    over = context.Event()
    workers = [context.Process(target=poll, args=(port, index, interval_s, over)) for index in range(WORKERS)]
    for worker in workers:
        worker.start()
    processes = [psutil.Process(worker.pid) for worker in workers]
    time.sleep(3 + interval_s)  # imports and the first polls
    before = [sum(process.cpu_times()[:2]) for process in processes]
    time.sleep(interval_s * polls)
    after = [sum(process.cpu_times()[:2]) for process in processes]
    memory = [process.memory_full_info() for process in processes]
    over.set()
    for worker in workers:
        worker.join()
    return {
        "workers": WORKERS,
        "mb_per_waiter": sum(info.pss for info in memory) / WORKERS / 1e6,
        "own_mb_per_waiter": sum(info.uss for info in memory) / WORKERS / 1e6,
        "cpu_s_per_poll": (sum(after) - sum(before)) / WORKERS / polls,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--interval", type=float, default=5.0)
    parser.add_argument("--polls", type=int, default=4)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.port, interval_s=arguments.interval, polls=arguments.polls)))


if __name__ == "__main__":
    main()
