"""The provider info names all that the package adds to Airflow, in the form that this Airflow knows."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

import airflow_provider_omnihuman
from airflow_provider_omnihuman import get_provider_info

PACKAGE = "airflow_provider_omnihuman"
INFO = get_provider_info()
SCHEMA = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
SINCE_3_2 = {"cli"}
"""Keys that Airflow 3.1 does not know, and passes over."""
NOT_IN_THE_SCHEMA = {"versions"}
"""What Airflow's guide for providers asks for and its schema does not mention."""
BASES = {
    f"{PACKAGE}.{name}"
    for name in ("hooks.form", "operators.deferral", "operators.masking", "operators.media", "operators.presenting")
}
"""Classes that others build on, and no Dag names."""
ROOMS = {"hooks": BaseHook, "operators": BaseOperator, "sensors": BaseSensorOperator, "triggers": BaseTrigger}


def classes_of(room: str, base: type) -> Iterator[tuple[str, type]]:
    """Each class that a room defines for Dags, or for Airflow, with its module."""
    package = importlib.import_module(f"{PACKAGE}.{room}")
    for module in pkgutil.iter_modules(package.__path__, f"{PACKAGE}.{room}."):
        if module.name in BASES:
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            if isinstance(found, type) and issubclass(found, base) and found.__module__ == module.name and name[0] != "_":
                yield module.name, found


def test_it_is_valid_by_airflows_own_schema():
    jsonschema.validate(INFO, SCHEMA)


def test_it_says_nothing_that_airflow_does_not_know():
    """The schema lets unknown keys pass: a misspelt one would be lost in silence."""
    older = SINCE_3_2 if airflow.__version__.startswith("3.1.") else set()
    assert set(INFO) - older - NOT_IN_THE_SCHEMA <= set(SCHEMA["properties"])


def test_airflow_finds_it_by_its_entry_point():
    (found,) = [entry for entry in entry_points(group="apache_airflow_provider") if "omnihuman" in entry.value]
    info = found.load()()
    assert info["package-name"] == found.dist.name == "airflow-provider-omnihuman"
    assert info["versions"] == [airflow_provider_omnihuman.__version__] == [found.dist.version]


@pytest.mark.parametrize("room", ROOMS)
def test_it_names_each_module_that_adds_something(room):
    named = {name for entry in INFO[room] for name in entry["python-modules"]}
    assert named == {module for module, _ in classes_of(room, ROOMS[room])}


def test_every_extra_link_is_named():
    """Without, the web server cannot build the link, and shows none."""
    assert sorted(INFO["extra-links"]) == sorted(
        f"{module}.{found.__name__}" for module, found in classes_of("links", BaseOperatorLink)
    )


def test_connection_types_are_those_of_the_hooks():
    told = {entry["connection-type"]: (entry["hook-class-name"], entry["hook-name"]) for entry in INFO["connection-types"]}
    hooks: list[tuple[str, Any]] = list(classes_of("hooks", BaseHook))
    assert told == {hook.conn_type: (f"{module}.{hook.__name__}", hook.hook_name) for module, hook in hooks}


def test_every_other_name_in_it_can_be_imported():
    names = [*INFO.get("cli", []), *(entry["class-name"] for entry in INFO.get("task-decorators", []))]
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute)), name
