"""The package as a whole: what it tells Airflow, what it ships, and that its documents agree with its code."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from importlib.resources import files

import jsonschema
import pytest

import airflow_provider_omnihuman
from airflow_provider_omnihuman.api.error_codes import BUSINESS_CODES, GATEWAY_CODES
from tests.conftest import PROJECT

ROOMS = ("api", "hooks", "triggers", "operators", "sensors", "archive", "media", "speech")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(airflow_provider_omnihuman.__path__, "airflow_provider_omnihuman.")
    if module.name.split(".")[1] in ROOMS and not module.ispkg
]


def test_the_provider_info_is_valid_by_airflows_own_schema():
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(airflow_provider_omnihuman.get_provider_info(), schema)


def test_airflow_finds_the_provider_by_its_entry_point():
    (found,) = [entry for entry in entry_points(group="apache_airflow_provider") if "omnihuman" in entry.value]
    info = found.load()()
    assert info["package-name"] == "airflow-provider-omnihuman"
    assert info["versions"] == [airflow_provider_omnihuman.__version__]


def test_all_that_the_provider_info_names_is_there():
    info = airflow_provider_omnihuman.get_provider_info()
    for kind in ("hooks", "operators", "sensors", "triggers"):
        for entry in info[kind]:
            for name in entry["python-modules"]:
                importlib.import_module(name)
    for connection in info["connection-types"]:
        module, _, name = connection["hook-class-name"].rpartition(".")
        hook = getattr(importlib.import_module(module), name)
        assert hook.conn_type == connection["connection-type"]
        assert hook.hook_name == connection["hook-name"]


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_exports_exists_and_is_sorted(name):
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert all(hasattr(module, item) for item in exported)
    tree = ast.parse((PROJECT / (name.replace(".", "/") + ".py")).read_text())
    assert ast.get_docstring(tree), "a module says in one sentence what it is for"


def test_modules_stay_short():
    long = {
        str(path.relative_to(PROJECT)): count
        for path in (PROJECT / "airflow_provider_omnihuman").rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def test_the_page_of_errors_is_the_table_of_the_code():
    page = (PROJECT / "docs" / "errors.md").read_text()
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    documented = {code: (int(status), meaning, retry, advice) for code, status, meaning, retry, advice in rows}
    assert documented == {
        row.code: (row.http_status, row.meaning, row.retry.replace("_", " "), row.advice)
        for row in [*BUSINESS_CODES.values(), *GATEWAY_CODES.values()]
    }


@pytest.mark.parametrize("page", [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_links_within_the_documents_lead_somewhere(page):
    text = page.read_text()
    targets = [*re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text), *re.findall(r'src="([^"]+)"', text)]
    missing = [target for target in targets if not target.startswith("http") and not (page.parent / target).exists()]
    assert missing == []


def test_requirements_are_pinned_by_hash_and_name_no_index():
    for path in (PROJECT / "requirements").glob("*.txt"):
        lines = path.read_text().splitlines()
        pinned = [line for line in lines if not line.startswith((" ", "#"))]
        assert pinned, path
        assert all(re.match(r"^[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+", line) for line in pinned), path
        assert all(line.strip().startswith("--hash=sha256:") for line in lines if line.startswith(" ")), path


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "airflow_provider_omnihuman/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"airflow_provider_omnihuman"}
    assert not [name for name in names if name.endswith(".pyc") or "/tests/" in name]


def test_the_readmes_dag_is_a_dag():
    (code,) = re.findall(r"```python\n(.+?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 26
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # as a Dag file would be
    archive = names["archive"]
    assert archive.upstream_task_ids == {"render"}
    assert set(archive.dag.task_ids) == {"speech", "render", "archive"}
