"""What a Dag file pays for its imports: the modules that they may load, listed, and no network."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_provider_omnihuman import get_provider_info
from tests.conftest import PROJECT

PACKAGE = "airflow_provider_omnihuman"
INFO = get_provider_info()
PUBLIC = [name for kind in ("operators", "sensors") for entry in INFO[kind] for name in entry["python-modules"]]
GROUPS = [f"{PACKAGE}.task_groups.{path.stem}" for path in (PROJECT / PACKAGE / "task_groups").glob("[a-z]*.py")]
DAG_FILES = sorted((PROJECT / "dags").glob("*.py"))

AT_EVERY_START = {PACKAGE, f"{PACKAGE}.provider_info", f"{PACKAGE}.connection_forms"}
"""Airflow itself reads the provider info, in each of its processes."""
AT_PARSE_TIME = AT_EVERY_START | {
    f"{PACKAGE}.{name}"
    for name in (
        # The packages themselves, and the classes that a Dag names.
        *("api", "archive", "hooks", "ledger", "links", "media", "operators", "sensors", "speech"),
        *(
            "operators.archive",
            "operators.batch",
            "operators.batch_report",
            "operators.captions",
            "operators.check",
            "operators.dialogue",
            "operators.presenter_seed",
            "operators.publish",
            "operators.review",
            "operators.speech",
            "operators.split_audio",
            "operators.join_videos",
            "operators.still_video",
            "operators.subjects",
            "operators.submit",
            "operators.video",
        ),
        "sensors.task",
        # Films and batches, put together of those.
        *(
            "task_groups",
            "task_groups.batch",
            "task_groups.clips",
            "task_groups.long_talk",
            "task_groups.dialogue",
            "task_groups.review",
            "batches",
            "batches.failures",
            "presenters",
            "presenters.presenter",
            "presenters.templating",
        ),
        # Their bases, and how they read their arguments.
        *(
            "operators.archive_inputs",
            "operators.asset_events",
            "operators.deferral",
            "operators.given_video",
            "operators.masking",
            "operators.media",
            "operators.parameters",
            "operators.presenting",
            "api.urls",
        ),
        # The buttons that Airflow writes down with a Dag.
        *("links.s3_objects", "links.vendor_console"),
        # What OpenLineage asks of operators.
        *("observability", "observability.lineage_source"),
        # What arguments may say, which is checked as soon as they are given.
        *("archive.label_policy", "hooks.default_connections", "ledger.policy"),
        # What may be raised.
        *("api.error_codes", "api.errors", "archive.errors", "media.errors", "operators.errors", "speech.errors"),
    )
}
"""All else of this package waits until a task runs: dataclasses, clients, triggers, media."""

BEFORE = "from airflow.sdk import DAG, BaseOperator, BaseOperatorLink, BaseSensorOperator, Param, task"
"""What a Dag file imports anyway, and any operator with an extra link."""
KINDS_OF_AIRFLOWS_OWN = {f"{PACKAGE}.operators.review": "airflow.providers.standard.operators.hitl"}
"""Operators that are a kind of one of Airflow's, which a Dag that names them loads with them (40 ms)."""
MEASURE = """
import json, os, runpy, sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        raise PermissionError(f"the network is not to be used while a Dag file is parsed: {event}")

sys.addaudithook(refuse)
exec(sys.argv[1])
for first, code in json.loads(sys.argv[2]):
    if child := os.fork():  # each begins with what a Dag file imports anyway, which takes two seconds, once
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
        continue
    exec(first)
    before = set(sys.modules)
    exec(code)
    print(json.dumps({"before": sorted(before), "loaded": sorted(set(sys.modules) - before)}), flush=True)
    os._exit(0)
"""


def parse_each(*codes: tuple[str, str], before: str = BEFORE) -> list[dict[str, list[str]]]:
    """Run pieces of code, each in a process of its own that has no network; return the modules that each loaded.

    :param codes: what is imported beforehand, and the code
    :param before: what is imported before all of them
    """
    done = subprocess.run([sys.executable, "-c", MEASURE, before, json.dumps(codes)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"before"')]


def parse(code: str, *, before: str = BEFORE) -> dict[str, list[str]]:
    """Run one piece of code likewise."""
    (modules,) = parse_each(("", code), before=before)
    return modules


@pytest.fixture(scope="session")
def loaded() -> dict[str, dict[str, list[str]]]:
    """What each module for Dags, and each Dag, loads."""
    modules = {
        name: (f"import {KINDS_OF_AIRFLOWS_OWN.get(name, 'airflow.sdk')}", f"import {name}") for name in [*PUBLIC, *GROUPS]
    }
    dags = {path.stem: ("", f"runpy.run_path({str(path)!r})") for path in DAG_FILES}
    codes = {**modules, **dags}
    return dict(zip(codes, parse_each(*codes.values()), strict=True))


def of_ours(modules: dict[str, list[str]]) -> set[str]:
    return {name for name in [*modules["before"], *modules["loaded"]] if name.split(".")[0] == PACKAGE}


def test_the_network_is_really_refused():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "import socket; socket.create_connection(('127.0.0.1', 9))", "[]"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the network is not to be used" in done.stderr


@pytest.mark.parametrize("module", [*PUBLIC, *GROUPS], ids=lambda name: name.removeprefix(f"{PACKAGE}."))
def test_an_import_loads_only_what_is_listed(module, loaded):
    modules = loaded[module]
    assert module in modules["loaded"]
    assert of_ours(modules) - AT_PARSE_TIME == set()
    foreign = {name for name in modules["loaded"] if name.split(".")[0] != PACKAGE}
    assert foreign == set(), "airflow.sdk has loaded all that is needed of others"


def test_what_is_listed_is_loaded_by_something():
    modules = parse("; ".join(f"import {module}" for module in [*PUBLIC, *GROUPS]))
    assert of_ours(modules) == AT_PARSE_TIME


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_making_tasks_loads_nothing_more(path, loaded):
    assert of_ours(loaded[path.stem]) - AT_PARSE_TIME == set()


def test_the_provider_info_needs_no_more_than_pythons_own_library():
    modules = parse(f"import {PACKAGE}; {PACKAGE}.get_provider_info()", before="")
    assert of_ours(modules) == AT_EVERY_START
    foreign = {name.split(".")[0] for name in modules["loaded"]} - sys.stdlib_module_names - {PACKAGE}
    assert foreign == set()


def test_the_decorator_loads_only_what_is_listed_and_itself():
    modules = parse("task.omnihuman(image_url='s3://b/p.png')(lambda: None)")
    decorator = {f"{PACKAGE}.decorators", f"{PACKAGE}.decorators.video"}
    assert decorator < set(modules["loaded"])
    assert of_ours(modules) - AT_PARSE_TIME == decorator
