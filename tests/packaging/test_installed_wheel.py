"""What a user gets who installs the wheel and no extra. ``make test-wheel`` makes that environment."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_omnihuman import __version__, get_provider_info
from airflow_provider_omnihuman.connection_forms import CONNECTION_FORMS
from tests.conftest import PROJECT

ENVIRONMENT = os.environ.get("OMNIHUMAN_INSTALLED", "")
pytestmark = pytest.mark.skipif(not ENVIRONMENT, reason="make test-wheel")
BIN = Path(ENVIRONMENT) / "bin"
INFO = get_provider_info()
DISTRIBUTION = "airflow-provider-omnihuman"
NEED_AN_EXTRA = (
    *("emulator", "demo", "testing", "speech.espeak", "speech.local"),
    *("observability.facets", "observability.lineage"),
)
"""Rooms and modules that do without what a plain installation brings only if nobody imports them."""
BROUGHT_BY_EXTRAS = {"airflow.providers.openlineage", "espeakng_loader", "moto", "openlineage", "pytest"}
LISTS = {name: ["providers", name, "-o", "json"] for name in ("list", "hooks", "triggers", "links", "widgets", "behaviours")}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the source tree, which must not be found by chance."""
    return tmp_path_factory.mktemp("installed")


@pytest.fixture(scope="session")
def run(home: Path):
    """Run a command of the installation; return all that it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "AIRFLOW"))}

    def _run(*command: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=home,
            env=kept | {"AIRFLOW_HOME": str(home), "PATH": f"{BIN}{os.pathsep}{kept['PATH']}", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    return _run


@pytest.fixture(scope="session")
def discovery(run, home) -> tuple[dict[str, Any], str]:
    said = run("python", PROJECT / "tests" / "versions" / "discovery.py", home / "discovery.json")
    return json.loads((home / "discovery.json").read_text()), said


@pytest.fixture(scope="session")
def listed(run, home) -> dict[str, Any]:
    """What each ``airflow providers …`` prints."""
    commands = [*LISTS.values(), ["providers", "get", "--full", DISTRIBUTION, "-o", "json"]]
    run("python", Path(__file__).parent / "airflow_commands.py", json.dumps(commands), home / "commands.json")
    printed = [json.loads(text) for text in json.loads((home / "commands.json").read_text())]
    return dict(zip([*LISTS, "get"], printed, strict=True))


def test_it_is_this_wheel_that_is_installed(run, built, home):
    code = "import airflow_provider_omnihuman as p; print(p.__version__, p.__file__)"
    version, file = run("python", "-c", code).split()
    assert version == __version__
    assert Path(file).is_relative_to(ENVIRONMENT)
    installed = {path.relative_to(Path(file).parent.parent) for path in Path(file).parent.rglob("*.py")}
    assert {str(path) for path in installed} == {
        str(path.relative_to(PROJECT)) for path in (PROJECT / "airflow_provider_omnihuman").rglob("*.py")
    }


def test_nothing_of_the_extras_is_there(run):
    code = f"from importlib.util import find_spec; print([name for name in {sorted(BROUGHT_BY_EXTRAS)} if find_spec(name)])"
    assert run("python", "-c", code).strip() == "[]"


def test_all_but_the_extras_can_be_imported(discovery):
    failed = discovery[0]["imported"]["failed"]
    need_more = {name for name in failed if not name.removeprefix("airflow_provider_omnihuman.").startswith(NEED_AN_EXTRA)}
    assert need_more == set(), failed
    assert set(failed.values()) <= BROUGHT_BY_EXTRAS


def test_airflow_discovers_it_and_says_nothing_about_us(discovery):
    assert discovery[0]["discovered"]["version"] == __version__
    assert not [line for line in discovery[1].splitlines() if "omnihuman" in line.lower() or "doubao" in line.lower()]


def test_airflow_lists_the_provider(listed):
    (ours,) = [row for row in listed["list"] if row["package_name"] == DISTRIBUTION]
    assert (ours["version"], ours["description"]) == (__version__, INFO["description"].removesuffix("."))
    (full,) = listed["get"]
    assert all(form.hook_class_name in str(full) for form in CONNECTION_FORMS.values())


def test_airflow_lists_what_is_in_it(listed):
    hooks = {row["connection_type"]: row["class"] for row in listed["hooks"] if row["package_name"] == DISTRIBUTION}
    assert hooks == {name: form.hook_class_name for name, form in CONNECTION_FORMS.items()}
    triggers = {row["class"] for row in listed["triggers"] if row["package_name"] == DISTRIBUTION}
    assert triggers == {name for entry in INFO["triggers"] for name in entry["python-modules"]}
    links = {row["extra_link_class_name"] for row in listed["links"] if "omnihuman" in row["extra_link_class_name"]}
    assert links == set(INFO["extra-links"])
    widgets = {row["connection_parameter_name"] for row in listed["widgets"] if row["package_name"] == DISTRIBUTION}
    assert widgets == {f"extra__{conn_type}__{name}" for conn_type, form in CONNECTION_FORMS.items() for name in form.fields}
    behaviours = {row["field_behaviours"] for row in listed["behaviours"]}
    assert set(CONNECTION_FORMS) <= behaviours


def test_the_library_needs_no_airflow_and_no_extra(run):
    code = "import sys, airflow_provider_omnihuman.api as api; api.OmniHumanClient; print('airflow' in sys.modules)"
    assert run("python", "-c", code).strip() == "False"


def test_the_examples_of_the_sdist_import(run, built, home):
    with tarfile.open(built.sdist) as archive:
        archive.extractall(home / "sdist", filter="data")
    dags = sorted((home / "sdist").glob("*/dags/*.py"))
    assert len(dags) >= 2
    code = "import runpy, sys; [runpy.run_path(path) for path in sys.argv[1:]]"
    assert run("python", "-c", code, *dags) == ""


@pytest.mark.parametrize("command", tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"])
def test_each_command_explains_itself(run, command):
    assert "usage: " in run(command, "--help").lower()
