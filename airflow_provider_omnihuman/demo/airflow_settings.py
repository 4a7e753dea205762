"""How the demo's Airflow is configured: environment variables only, no file of the caller is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from airflow_provider_omnihuman.demo.credentials import Credentials
    from airflow_provider_omnihuman.demo.layout import Layout


def airflow_environment(
    layout: Layout,
    credentials: Credentials,
    *,
    port: int,
    dags_folders: Sequence[Path],
    only_dag_file: str = "",
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the variables that make four separate processes one Airflow.

    :param layout: the run's folders.
    :param credentials: the secrets that the processes share.
    :param port: where the API server listens.
    :param dags_folders: each becomes a Dag bundle.
    :param only_dag_file: parse this file name alone; all files when empty.
    :param more: settings over these, as ``SECTION__OPTION``.
    """
    url = f"http://127.0.0.1:{port}"
    settings = {
        **_core(layout, credentials, url),
        **_api(credentials, url, port),
        **_dag_processing(layout, dags_folders),
        **_timing(),
        **_logging(layout),
    }
    if only_dag_file:
        settings |= _single_file(only_dag_file)
    settings |= more or {}
    return {"AIRFLOW_HOME": str(layout.airflow_home)} | {f"AIRFLOW__{name}": text for name, text in settings.items()}


def write_password_file(layout: Layout, credentials: Credentials) -> None:
    """Write the simple auth manager's password, which it would otherwise invent and print."""
    layout.passwords.touch(mode=0o600)
    layout.passwords.write_text(json.dumps({credentials.user: credentials.password}))


def _core(layout: Layout, credentials: Credentials, url: str) -> dict[str, str]:
    return {
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{layout.database}",
        "DATABASE__CHECK_MIGRATIONS": "False",  # the API server starts while the database is being made
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",  # LocalExecutor forks them all at once
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__FERNET_KEY": credentials.fernet_key,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{credentials.user}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords),
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # the default asks a DNS server
        "CORE__PLUGINS_FOLDER": str(layout.airflow_home / "plugins"),
        "CORE__TEST_CONNECTION": "Enabled",  # the connection form's Test button costs nothing here
    }


def _api(credentials: Credentials, url: str, port: int) -> dict[str, str]:
    return {
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": credentials.api_secret,
        "API__INSTANCE_NAME": "OmniHuman demo",
        "API__EXPOSE_STACKTRACE": "True",  # on one's own machine, an error may say what it is
        "API_AUTH__JWT_SECRET": credentials.jwt_secret,
    }


def _dag_processing(layout: Layout, dags_folders: Sequence[Path]) -> dict[str, str]:
    bundles = [
        {
            "name": folder.name if index == 0 else f"{folder.name}-{index}",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(folder)},
        }
        for index, folder in enumerate(dags_folders)
    ]
    return {
        "CORE__DAGS_FOLDER": str(dags_folders[0]),
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(layout.airflow_home / "bundles"),
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",  # a changed file is seen soon …
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "2",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # … an unchanged one is left alone
        "DAG_PROCESSOR__PRINT_STATS_INTERVAL": "0",
    }


def _timing() -> dict[str, str]:
    return {
        # A task resumed before its old worker process was reaped may be failed by the scheduler:
        # with a heartbeat every second it never was.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "SCHEDULER__JOB_HEARTBEAT_SEC": "2",  # so that health is known soon after a start
        "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    }


def _logging(layout: Layout) -> dict[str, str]:
    return {
        "LOGGING__BASE_LOG_FOLDER": str(layout.task_logs),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.service_logs / "dag-files"),
        "LOGGING__COLORED_CONSOLE_LOG": "False",
    }


def _single_file(name: str) -> dict[str, str]:
    return {
        "CORE__MIGHT_CONTAIN_DAG_CALLABLE": "airflow_provider_omnihuman.demo.dag_choice.is_the_chosen_file",
        "OMNIHUMAN_DEMO__DAG_FILE": name,
    }
