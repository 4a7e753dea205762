"""The plugin of pytest: fixtures that test a team's own Dags against the emulator and a local S3.

Loaded in each run of pytest where this package is installed: nothing heavy is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_omnihuman.testing.airflow_runs import AirflowRuns
    from airflow_provider_omnihuman.testing.connections import OmniHumanConnections
    from airflow_provider_omnihuman.testing.emulator import EmulatorControl, EmulatorServers
    from airflow_provider_omnihuman.testing.object_store import LocalS3

__all__ = ["omnihuman_airflow", "omnihuman_connection", "omnihuman_emulator", "omnihuman_s3"]

_NUMBERS = {"omnihuman_speed": "speed", "omnihuman_concurrency": "concurrency", "omnihuman_qps": "qps"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell pytest of the settings in its configuration file."""
    parser.addini("omnihuman_speed", "seconds of the emulator's work in a second (default 1000)", default="")
    parser.addini("omnihuman_concurrency", "jobs that the emulator takes at once (default 0: any number)", default="")
    parser.addini("omnihuman_qps", "requests that the emulator takes in a second (default 0: any number)", default="")
    parser.addini("omnihuman_bucket", "the bucket of omnihuman_s3 (default omnihuman-tests)", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line(
        "markers", "omnihuman(speed=…, concurrency=…, qps=…, …): settings of omnihuman_emulator for this test"
    )


@pytest.fixture(scope="session")
def _omnihuman_servers() -> Iterator[EmulatorServers]:
    _need("aiohttp", "numpy", "PIL", "av", fixture="omnihuman_emulator")
    from airflow_provider_omnihuman.testing.emulator import EmulatorServers

    with EmulatorServers() as servers:
        yield servers


@pytest.fixture
def omnihuman_emulator(request: pytest.FixtureRequest, _omnihuman_servers: EmulatorServers) -> EmulatorControl:
    """The OmniHuman API on this machine, with no jobs, faults and counts; a thousand times as fast as the service."""
    from airflow_provider_omnihuman.testing.emulator import emulator_settings

    wanted: dict[str, Any] = {}
    for option, name in _NUMBERS.items():
        if value := request.config.getini(option):
            wanted[name] = _number(value, option=option)
    for mark in reversed(list(request.node.iter_markers("omnihuman"))):  # the closest one has the last word
        wanted |= mark.kwargs
    try:
        settings = emulator_settings(**wanted)
    except TypeError as error:
        pytest.fail(f"@pytest.mark.omnihuman: {error}", pytrace=False)
    return _omnihuman_servers.fresh(settings)


@pytest.fixture
def omnihuman_connection(omnihuman_emulator: EmulatorControl, monkeypatch: pytest.MonkeyPatch) -> OmniHumanConnections:
    """``omnihuman_default`` and ``doubao_speech_default`` lead to the emulator; its methods make others that do."""
    from airflow_provider_omnihuman.testing.connections import OmniHumanConnections

    connections = OmniHumanConnections(omnihuman_emulator.endpoint, omnihuman_emulator.settings, monkeypatch)
    connections.omnihuman("omnihuman_default")
    connections.speech("doubao_speech_default")
    return connections


@pytest.fixture(scope="session")
def _omnihuman_s3_endpoint() -> Iterator[str]:
    _need("boto3", "moto.server", fixture="omnihuman_s3")
    from airflow_provider_omnihuman.testing.object_store import s3_server

    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def omnihuman_s3(request: pytest.FixtureRequest, _omnihuman_s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> LocalS3:
    """An S3 on this machine with one empty bucket; ``aws_default`` leads to it."""
    from airflow_provider_omnihuman.testing.object_store import BUCKET, local_s3

    bucket = request.config.getini("omnihuman_bucket") or BUCKET
    store = local_s3(_omnihuman_s3_endpoint, bucket=bucket, monkeypatch=monkeypatch)
    store.connection("aws_default")
    return store


@pytest.fixture(scope="session")
def _omnihuman_airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture
def omnihuman_airflow(_omnihuman_airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowRuns]:
    """Runs Dag files by ``dag.test()``, on a database of their own that all tests of the session share."""
    _need("airflow", fixture="omnihuman_airflow")
    from airflow_provider_omnihuman.testing.airflow_runs import AirflowRuns, temporary_airflow
    from airflow_provider_omnihuman.triggers import task

    # That pause is for a scheduler, which may fail a task that is resumed at once; dag.test() has none.
    monkeypatch.setattr(task, "MIN_FIRST_POLL_S", 0.0)
    with temporary_airflow(_omnihuman_airflow_home):
        yield AirflowRuns(monkeypatch)


def _number(value: str, *, option: str) -> float | int:
    try:
        return float(value) if option == "omnihuman_speed" else int(value)
    except ValueError:
        pytest.fail(f"{option} in pytest's configuration must be a number, not {value!r}", pytrace=False)


def _need(*modules: str, fixture: str) -> None:
    for name in modules:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            pytest.fail(
                f"the fixture {fixture} needs {(error.name or name).partition('.')[0]}, which is not installed: "
                "pip install 'airflow-provider-omnihuman[testing]'",
                pytrace=False,
            )
