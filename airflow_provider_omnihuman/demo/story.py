"""The demo from start to end: services up, Dag run, archived video verified."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_omnihuman.demo.dag_run import DagRun, failure_of, task_rows, trigger
from airflow_provider_omnihuman.demo.failures import DemoError, Interrupted
from airflow_provider_omnihuman.demo.inputs import checked_image, image_url
from airflow_provider_omnihuman.demo.progress import Progress, Row, progress_for
from airflow_provider_omnihuman.demo.stack import Stack, StackPlan
from airflow_provider_omnihuman.demo.verification import VerifiedVideo, fetch_and_verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow_provider_omnihuman.demo.options import Options
    from airflow_provider_omnihuman.demo.startup import Step

DAG_ID = "script_to_avatar_video"
ARCHIVE_TASK = "archive"


def tell(options: Options) -> None:
    """Run the demo, and print what came of it.

    :param options: the choices of the command line.
    """
    image = checked_image(options.image)
    plan = StackPlan(
        options.work_dir,
        (options.dags,),
        only_dag_file="" if options.keep else f"{DAG_ID}.py",
        speed=options.speed,
    )
    stack = Stack(plan)
    output = _output_folder(options.output or stack.layout.output)
    with stack:
        try:
            _run(stack, options.conf, image, output)
        except DemoError as failure:
            if options.keep:
                print(f"\nfailed: {failure.message}")
                _stay(stack)
            raise
        if options.keep:
            _stay(stack)


def _run(stack: Stack, conf: dict[str, Any], image: str | Path | None, output: Path) -> None:
    begun = time.monotonic()
    with progress_for() as progress:
        video = _make_video(stack, progress, conf, image, output)
    _print_result(stack, video, seconds=time.monotonic() - begun)


def _make_video(stack: Stack, progress: Progress, conf: dict[str, Any], image: str | Path | None, output: Path) -> VerifiedVideo:
    stack.start(lambda steps: progress.show("service", _service_rows(steps)))
    s3 = stack.store.client()
    if image is not None:
        conf = conf | {"image_url": image_url(image, s3)}
    try:
        run = trigger(stack.rest, DAG_ID, conf, check=stack.check)
        state = run.wait(lambda run: _show_tasks(stack, progress, run), check=stack.check)
        if state != "success":
            raise failure_of(run)
        return fetch_and_verify(run.xcom(ARCHIVE_TASK), s3, output)
    except httpx.HTTPError as error:
        stack.check()
        api_server = stack.services["api-server"]
        raise DemoError(
            f"Airflow did not answer as expected: {error}", str(api_server.log_path), api_server.log_tail()
        ) from error


def _show_tasks(stack: Stack, progress: Progress, run: DagRun) -> None:
    tasks = run.tasks()
    waits = any(task["state"] == "deferred" for task in tasks)
    progress.show("task", task_rows(tasks, while_deferred=stack.emulator.latest_job() if waits else ""))


def _service_rows(steps: Sequence[Step]) -> list[Row]:
    now_s = time.monotonic()
    return [Row(step.service.name, step.state, elapsed_s=step.elapsed_s(now_s)) for step in steps]


def _print_result(stack: Stack, video: VerifiedVideo, *, seconds: float) -> None:
    lines = {
        "archived": video.uri,
        "task id": video.task_id,
        "billed": f"{stack.emulator.billed_s(video.task_id):.1f} s of video (by the emulator: nothing was paid)",
        "video": f"{video.local} ({video.duration_s:.1f} s)",
        "poster": str(video.poster or "none"),
        "verified": "bytes and sha256 equal the manifest's, every frame can be decoded",
        "took": f"{seconds:.0f} s",
    }
    print()
    for name, text in lines.items():
        print(f"{name:9} {text}")


def _stay(stack: Stack) -> None:
    print(f"\nAirflow   {stack.rest.url}")
    print(f"user      {stack.credentials.user}")
    print(f"password  {stack.credentials.password}")
    print(f"emulator  {stack.emulator.endpoint} (admin: {stack.emulator.admin})")
    print(f"S3        {stack.store.endpoint}")
    print("Ctrl-C stops everything.", flush=True)
    with contextlib.suppress(Interrupted):  # which is how it is meant to end
        while True:
            stack.check()
            time.sleep(1.0)


def _output_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"cannot write to {folder}: {error.strerror}; choose another with --output") from error
    return folder.resolve()
