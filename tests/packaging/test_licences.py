"""What is said of licences is what the installed packages say; nothing in a plain installation is GPL only."""

from __future__ import annotations

import importlib.util
import tomllib

import av
import pytest
from packaging.requirements import Requirement

from tests.conftest import PROJECT

SPEC = importlib.util.spec_from_file_location("licences", PROJECT / "requirements" / "licences.py")
licences = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(licences)

PAGE = (PROJECT / "docs" / "licences.md").read_text()
DEPENDENCIES = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def plain():
    return licences.closure(DEPENDENCIES["dependencies"], licences.installed())


def test_the_page_is_what_the_metadata_says():
    assert licences.page() == PAGE, "make licences"


def test_every_direct_dependency_names_its_licence():
    have = licences.installed()
    names = {Requirement(line).name for _, lines in licences.direct() for line in lines}
    assert [name for name in names if not licences.licence(have[licences.canonicalize_name(name)])] == []


def test_nothing_that_a_plain_installation_brings_is_gpl_only(plain):
    assert len(plain) > 100, "Airflow, and all that it brings"
    assert [name for name, item in plain.items() if licences.is_gpl(item)] == []


def test_all_that_a_plain_installation_brings_names_a_licence(plain):
    assert [name for name, item in plain.items() if not licences.licence(item) and not item.metadata.get("License")] == []


def test_gpl_is_recognised(plain):
    have = licences.installed()
    gpl = {name for name, item in have.items() if licences.is_gpl(item)}
    assert "espeakng-loader" in gpl
    assert "psycopg2-binary" not in gpl, "LGPL"
    assert {"espeakng-loader"} <= set(licences.closure(DEPENDENCIES["optional-dependencies"]["speech-local"], have)) - set(plain)


def test_the_page_tells_which_gpl_libraries_the_wheel_of_av_bundles():
    """FFmpeg itself says LGPL; the encoders beside it are GPL."""
    (av_metadata,) = [item for name, item in licences.installed().items() if name == "av"]
    bundled = {file.name.split("-")[0].split(".")[0] for file in av_metadata.files if file.parts[0] == "av.libs"}
    assert bundled & {"libx264", "libx265"} == {name for name in ("libx264", "libx265") if f"`{name}`" in PAGE}
    told = {library["license"] for library in av._core.library_meta.values()}
    assert all(f'"{name}"' in PAGE for name in told)
