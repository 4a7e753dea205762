"""The demo from start to end: services up, a Dag run, its archived videos verified."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_omnihuman.demo.beginnings import begin_run, files_of
from airflow_provider_omnihuman.demo.dag_run import DagRun, failure_of
from airflow_provider_omnihuman.demo.examples import checked_dag
from airflow_provider_omnihuman.demo.failures import DemoError, Interrupted
from airflow_provider_omnihuman.demo.inputs import checked_image, image_url
from airflow_provider_omnihuman.demo.progress import Progress, Row, progress_for
from airflow_provider_omnihuman.demo.report import print_result, save_poster
from airflow_provider_omnihuman.demo.results import archived_videos, report_uris
from airflow_provider_omnihuman.demo.reviewer import Reviewer
from airflow_provider_omnihuman.demo.samples import put_samples
from airflow_provider_omnihuman.demo.stack import Stack, StackPlan
from airflow_provider_omnihuman.demo.task_rows import task_rows
from airflow_provider_omnihuman.demo.verification import VerifiedVideo, download, verified_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow_provider_omnihuman.demo.options import Options
    from airflow_provider_omnihuman.demo.startup import Step

# What an account begins with is one; several clips, one after another, would make a long demo.
JOBS_AT_ONCE = 4


def tell(options: Options) -> None:
    """Run the demo, and print what came of it.

    :param options: the choices of the command line.
    """
    image = checked_image(options.image)
    dag_id = checked_dag(options.dag, options.dags)
    plan = StackPlan(
        options.work_dir,
        (options.dags,),
        only_dag_file="" if options.keep else files_of(dag_id),
        speed=options.speed,
        emulator_options={"concurrency": JOBS_AT_ONCE},
    )
    stack = Stack(plan)
    output = _output_folder(options.output or stack.layout.output)
    with stack:
        try:
            _run(stack, options, image, output)
        except DemoError as failure:
            if options.keep:
                print(f"\nfailed: {failure.message}")
                _stay(stack)
            raise
        if options.keep:
            _stay(stack)


def _run(stack: Stack, options: Options, image: str | Path | None, output: Path) -> None:
    begun = time.monotonic()
    with progress_for() as progress:
        videos, reports = _make_videos(stack, progress, options, image, output)
    seconds = time.monotonic() - begun
    print_result(options.dag, videos, billed_s=stack.emulator.total_billed_s(), seconds=seconds, reports=reports)
    if options.poster:
        save_poster(videos, options.poster)


def _make_videos(
    stack: Stack, progress: Progress, options: Options, image: str | Path | None, output: Path
) -> tuple[list[VerifiedVideo], list[Path]]:
    stack.start(lambda steps: progress.show("service", _service_rows(steps)))
    s3 = stack.store.client()
    put_samples(s3, options.dags)
    conf: dict[str, Any] = options.conf if image is None else options.conf | {"image_url": image_url(image, s3)}
    try:
        run = begin_run(stack, options.dag, conf, show=lambda run: _show_tasks(stack, progress, run))
        reviewer = Reviewer(run)
        state = run.wait(lambda run: _show_tasks(stack, progress, run, reviewer), check=stack.check)
        if state != "success":
            raise failure_of(run)
        return verified_all(archived_videos(run), s3, output, name=options.dag), _reports(run, s3, output)
    except httpx.HTTPError as error:
        stack.check()
        api_server = stack.services["api-server"]
        raise DemoError(
            f"Airflow did not answer as expected: {error}", str(api_server.log_path), api_server.log_tail()
        ) from error


def _reports(run: DagRun, s3: Any, output: Path) -> list[Path]:
    """Copy the pages that the run has written about its videos: what they show is in them."""
    pages = {uri: output / f"{run.dag_id}-{uri.rpartition('/')[2]}" for uri in report_uris(run)}
    for uri, page in pages.items():
        download(s3, uri, page)
    return list(pages.values())


def _show_tasks(stack: Stack, progress: Progress, run: DagRun, reviewer: Reviewer | None = None) -> None:
    tasks = run.tasks()
    if reviewer:
        reviewer.answer_what_is_asked()
    waits = any(task["state"] == "deferred" for task in tasks)
    jobs = stack.emulator.jobs_under_way() if waits else ""
    progress.show("task", task_rows(tasks, while_deferred=jobs, said=reviewer.said if reviewer else None))


def _service_rows(steps: Sequence[Step]) -> list[Row]:
    now_s = time.monotonic()
    return [Row(step.service.name, step.state, elapsed_s=step.elapsed_s(now_s)) for step in steps]


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
