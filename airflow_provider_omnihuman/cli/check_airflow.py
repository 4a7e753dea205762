"""Checks of Airflow: versions, pool, triggerer, settings, ledger, a Dag."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from airflow_provider_omnihuman import __version__
from airflow_provider_omnihuman.cli.findings import Finding, failed, ok, skipped, warning
from airflow_provider_omnihuman.cli.metadata import NoMetadataError, session

__all__ = [
    "check_dag",
    "check_deferrable",
    "check_ledger",
    "check_pool",
    "check_test_button",
    "check_trigger",
    "check_triggerer",
    "check_versions",
]

_OLDEST = (3, 1)
_WITH_TASK_STATE = (3, 3)
_EXTRAS = {"ledger-s3": "s3fs", "openlineage": "apache-airflow-providers-openlineage", "speech-local": "espeakng-loader"}
_DESCRIPTION = "OmniHuman jobs at once"


def check_versions() -> Finding:
    """Versions fit together."""
    airflow = version("apache-airflow-core")
    extras = [extra for extra, package in _EXTRAS.items() if _is_installed(package)]
    says = f"provider {__version__}, Airflow {airflow}, extras: {', '.join(extras) or 'none'}"
    if _numbers(airflow) < _OLDEST:
        return failed(says, "upgrade Airflow to 3.1 or later")
    return ok(says)


def check_pool(name: str, *, wanted: int | None, fix: bool) -> Finding:
    """The pool holds the account's limit of jobs at once.

    :param name: of the pool
    :param wanted: the connection's ``max_concurrency``
    :param fix: make it where it is missing
    """
    from airflow.models.pool import Pool

    slots = wanted or 1
    mend = f"airflow pools set {name} {slots} '{_DESCRIPTION}' --include-deferred"
    try:
        with session() as opened:
            pool = Pool.get_pool(name, session=opened)
            if pool is None and fix:
                Pool.create_or_update_pool(name, slots=slots, description=_DESCRIPTION, include_deferred=True, session=opened)
                return ok(f"{name} was missing, and is made: {slots} slot(s), deferred tasks included")
            if pool is None:
                return warning(
                    f"there is no pool {name}: renders above the account's limit are refused and come again",
                    f"{mend} (or --fix), and pool='{name}' on the tasks",
                )
            return _pool_finding(name, slots=pool.slots, counts_deferred=pool.include_deferred, wanted=wanted, mend=mend)
    except NoMetadataError as error:
        return skipped(str(error))


def _pool_finding(name: str, *, slots: int, counts_deferred: bool, wanted: int | None, mend: str) -> Finding:
    says = f"{name} has {'no limit of' if slots < 0 else slots} slot(s)"
    if not counts_deferred:
        return warning(f"{says}, and deferred tasks do not count: it limits nothing", mend)
    if wanted is None:
        return ok(f"{says}, deferred tasks included; the connection has no max_concurrency to compare it with")
    if slots < 0 or slots > wanted:
        return warning(f"{says}, and the account may have {wanted} job(s) at once: the rest are refused and come again", mend)
    if slots < wanted:
        return warning(f"{says}, and the account has bought {wanted}: some of it lies idle", mend)
    return ok(f"{says}, deferred tasks included, as the account has")


def check_triggerer() -> Finding:
    """A triggerer is alive, by the database or else by the API server."""
    from airflow_provider_omnihuman.hooks.airflow_health import airflow_health, triggerer_problem_in

    mend = "start one: airflow triggerer; without it, deferred renders wait for ever"
    try:
        hosts = _triggerer_hosts()
    except NoMetadataError:
        health = airflow_health()
        if health is None:
            return skipped("no metadata database, and no API server that answers")
        problem = triggerer_problem_in(health)
        return failed(problem.partition(": ")[0], mend) if problem else ok("alive, says the API server")
    if not hosts:
        return failed("no triggerer is alive", mend)
    return ok(f"{len(hosts)} alive, on {', '.join(sorted(set(hosts)))}; this provider must be installed there, too")


def _triggerer_hosts() -> list[str]:
    from airflow.jobs.job import Job, JobState
    from sqlalchemy import select

    with session() as opened:
        query = select(Job).where(Job.job_type == "TriggererJob", Job.state == JobState.RUNNING)
        return [str(job.hostname) for job in opened.scalars(query) if job.is_alive()]


def check_trigger() -> Finding:
    """The triggers can be imported here, as a triggerer must."""
    from airflow_provider_omnihuman import get_provider_info

    for trigger in get_provider_info()["triggers"]:
        for module in trigger["python-modules"]:
            import_module(module)
    return ok(f"importable here, version {__version__}")


def check_deferrable() -> Finding:
    """Waits take no worker slot."""
    from airflow.providers.common.compat.sdk import conf

    if conf.getboolean("operators", "default_deferrable", fallback=False):
        return ok("[operators] default_deferrable is on: waits take no worker slot")
    return warning(
        "[operators] default_deferrable is off: each wait holds a worker slot for minutes",
        "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE=True, or deferrable=True on the tasks",
    )


def check_test_button() -> Finding:
    """Whether the connection form has its button; what it does is done here."""
    from airflow.providers.common.compat.sdk import conf

    setting = conf.get("core", "test_connection", fallback="Disabled").strip().capitalize()
    beside = "" if setting == "Enabled" else ": this command tests the same"
    return ok(f"[core] test_connection is {setting}{beside}")


def check_ledger(ledger_path: str | None) -> Finding:
    """What was paid for is remembered.

    :param ledger_path: as the Dags have it
    """
    if ledger_path:
        from airflow_provider_omnihuman.cli.task import command_line_context
        from airflow_provider_omnihuman.ledger.stores import ledger_for

        ledger_for(command_line_context("doctor"), ledger_path=ledger_path).read()
        return ok(f"{ledger_path} can be read (writing is not tried)")
    airflow = version("apache-airflow-core")
    if _numbers(airflow) >= _WITH_TASK_STATE:
        return ok(f"Airflow {airflow} keeps it in its task state")
    return warning(
        f"Airflow {airflow} has no task state: a retry after a crash may pay twice",
        "give the tasks ledger_path='s3://aws_default@bucket/ledger/' (extra ledger-s3), and check it with --ledger-path",
    )


def check_dag(dag_id: str | None) -> Finding:
    """The Dag can run.

    :param dag_id: its id; None where none was given
    """
    if not dag_id:
        return skipped("--dag-id ID checks one")
    try:
        with session() as opened:
            return _dag_finding(dag_id, opened)
    except NoMetadataError as error:
        return skipped(str(error))


def _dag_finding(dag_id: str, opened: Any) -> Finding:
    from airflow.models.dag import DagModel
    from airflow.models.errors import ParseImportError
    from sqlalchemy import select

    dag = opened.get(DagModel, dag_id)
    if dag is None:
        errors = [str(name) for name in opened.scalars(select(ParseImportError.filename))]
        broken = f"; these files have import errors: {', '.join(errors)[:200]}" if errors else ""
        return failed(
            f"Airflow knows no Dag {dag_id}{broken}",
            "check its id, its file, and that a dag-processor runs: airflow dags list-import-errors",
        )
    query = select(ParseImportError.stacktrace).where(
        ParseImportError.filename == dag.relative_fileloc, ParseImportError.bundle_name == dag.bundle_name
    )
    if trace := opened.scalar(query):
        return failed(f"{dag.relative_fileloc}: {str(trace).strip().splitlines()[-1]}", "airflow dags list-import-errors")
    if dag.is_stale:
        return failed(f"{dag_id} is no longer in any file", "put its file back, or wait for the dag-processor")
    if dag.is_paused:
        return failed(f"{dag_id} is paused: its runs wait", f"airflow dags unpause {dag_id}")
    return ok(f"{dag_id} is known, not paused, and has no import errors")


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _numbers(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)
