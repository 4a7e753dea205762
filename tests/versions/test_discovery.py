"""Each supported Airflow finds the provider, shows its connection forms, and has nothing to complain of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import airflow
import pytest

from airflow_provider_omnihuman import __version__, get_provider_info
from airflow_provider_omnihuman.connection_forms import CONNECTION_FORMS
from tests.conftest import PROJECT

SCRIPT = Path(__file__).parent / "discovery.py"
OLDEST = airflow.__version__.startswith("3.1.")


@pytest.fixture(scope="module")
def discovery(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What Airflow knows of the provider, and all that it said on the way; asked in an interpreter with no other tests."""
    folder = tmp_path_factory.mktemp("discovery")
    file = folder / "report.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(file)],
        env=os.environ | {"AIRFLOW_HOME": str(folder), "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return json.loads(file.read_text()), done.stdout


@pytest.fixture
def discovered(discovery) -> dict[str, Any]:
    return discovery[0]["discovered"]


def test_this_is_an_airflow_that_the_requirements_pin(discovered):
    minor = ".".join(discovered["airflow"].split(".")[:2])
    assert f"\napache-airflow=={discovered['airflow']} " in (PROJECT / "requirements" / f"airflow-{minor}.txt").read_text()


def test_the_provider_is_found_with_its_version(discovered):
    assert discovered["version"] == __version__
    assert discovered["info"].items() >= get_provider_info().items()  # Airflow 3.3 adds a key of its own


def test_airflow_says_nothing_about_us(discovery):
    """A warning of a hook that cannot be imported, of metadata it cannot read, of a field it passes over."""
    about_us = [line for line in discovery[1].splitlines() if "omnihuman" in line.lower() or "doubao" in line.lower()]
    assert about_us == []


def test_every_module_imports_and_warns_of_nothing_deprecated(discovery):
    assert discovery[0]["imported"]["failed"] == {}
    assert discovery[0]["imported"]["warnings"] == []


def test_triggers_and_links_are_those_of_the_provider_info(discovered):
    info = get_provider_info()
    assert set(discovered["triggers"]) == {name for entry in info["triggers"] for name in entry["python-modules"]}
    assert sorted(discovered["links"]) == sorted(info.get("extra-links", []))
    assert sorted(discovered["decorators"]) == sorted(entry["name"] for entry in info.get("task-decorators", []))


@pytest.mark.parametrize("conn_type", CONNECTION_FORMS)
def test_the_form_has_the_fields_of_its_one_definition(discovered, conn_type):
    form = CONNECTION_FORMS[conn_type]
    shown = discovered["forms"][conn_type]
    assert shown["hook_name"] == form.hook_name
    assert shown["hook_class_name"] == form.hook_class_name
    assert list(shown["extra_fields"]) == list(form.fields), "in the order of the definition"
    for name, title in form.relabeling.items():
        assert shown["standard_fields"][name]["title"] == title
    for name in form.hidden_fields:
        assert shown["standard_fields"]["url_schema" if name == "schema" else name]["hidden"] is True


@pytest.mark.parametrize(
    ("conn_type", "name"), [(conn_type, name) for conn_type, form in CONNECTION_FORMS.items() for name in form.fields]
)
def test_a_field_hides_secrets_and_offers_its_choices(discovered, conn_type, name):
    field = CONNECTION_FORMS[conn_type].fields[name]
    shown = discovered["forms"][conn_type]["extra_fields"][name]
    schema = shown["schema"]
    assert shown["value"] == field.default
    assert schema["title" if OLDEST or "title" in schema else "label"] == field.label
    assert schema.get("format") == ("password" if field.secret else None)
    assert schema.get("enum") == (list(field.choices) or None)
    kind = "string" if OLDEST and field.kind == "number" else field.kind  # 3.1 has no field for fractions
    assert kind in ([schema["type"]] if isinstance(schema["type"], str) else schema["type"])
