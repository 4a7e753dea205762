"""One worker process of ``benchmarks/submit.py``: gets ready as Airflow's does, then runs its task each time it is told to.

Run by the benchmark, as ``submit_worker.py <variant> <JSON of the inputs>``; speaks JSON lines.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import airflow.sdk.execution_time.task_runner  # noqa: F401 - a worker has it before it looks at any Dag
from airflow.sdk import DAG, BaseHook
from submit_phases import Phases
from submit_wire import cpu_ns

sys.path.insert(0, str(Path(__file__).parent.parent))

Task = Callable[[], object]


def vendor_sdk(inputs: dict[str, str]) -> Task:
    """What the function of a ``PythonOperator`` would do: nothing is checked, nothing is remembered."""

    def submit() -> object:
        from volcengine.visual.VisualService import VisualService  # noqa: PLC0415 - so that parsing is cheap

        connection = BaseHook.get_connection("omnihuman_default")
        service = VisualService()
        service.set_scheme("http")
        service.set_host(connection.extra_dejson["endpoint"].removeprefix("http://"))
        service.set_ak(connection.login)
        service.set_sk(connection.password)
        form = {"req_key": "jimeng_realman_avatar_picture_omni_v15", "output_resolution": 720, **inputs}
        return service.cv_submit_task(form)["data"]["task_id"]

    return submit


def operator(inputs: dict[str, Any], *, check_inputs: bool) -> Task:
    """Our operator, as a parsed Dag holds it."""
    # Only the process that runs it has it.
    from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator  # noqa: PLC0415
    from tests.task_context import TaskState, task_context  # noqa: PLC0415

    def submit() -> object:
        context: Any = task_context(state=TaskState())
        return made.pop().execute(context)

    with DAG(dag_id="bench", schedule=None):
        made = [
            OmniHumanSubmitOperator(task_id=name, output_resolution=720, check_inputs=check_inputs, **inputs)
            for name in ("first", "second")
        ]
    return submit


def main(variant: str, inputs: dict[str, str]) -> None:
    """Run the task at each line of the input."""
    phases = Phases()
    task = vendor_sdk(inputs) if variant == "vendor SDK" else operator(inputs, check_inputs="unchecked" not in variant)
    by_phase = "phases" in variant
    if by_phase:
        phases.install()
    told = sys.stdout
    sys.stdout = sys.stderr  # Airflow's log goes to stdout
    print("ready", file=told, flush=True)
    for _ in sys.stdin:
        phases.begin()
        begun: dict[str, Any] = {"cpu_ns": cpu_ns(os.getpid()), "at_ns": time.monotonic_ns()}
        task()
        print(json.dumps(begun | {"spent_ns": phases.spent_ns if by_phase else {}}), file=told, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
