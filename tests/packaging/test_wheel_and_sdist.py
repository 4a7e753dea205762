"""A release holds what a user needs, and nothing that lies about in the source tree."""

from __future__ import annotations

import configparser
import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement

from airflow_provider_omnihuman import __version__, get_provider_info
from tests.conftest import PROJECT
from tests.packaging.conftest import build

PACKAGE = "airflow_provider_omnihuman"
DIST_INFO = f"{PACKAGE}-{__version__}.dist-info"
SDIST = f"{PACKAGE}-{__version__}"
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
TREE = {
    str(path.relative_to(PROJECT))
    for room in (PACKAGE, "dags")
    for path in (PROJECT / room).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


def in_wheel(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def in_sdist(sdist: Path) -> dict[str, bytes]:
    with tarfile.open(sdist) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {str(PurePosixPath(file.name).relative_to(SDIST)): archive.extractfile(file).read() for file in files}


@pytest.fixture(scope="session")
def metadata(built):
    return email.message_from_bytes(in_wheel(built.wheel)[f"{DIST_INFO}/METADATA"])


def test_the_wheel_holds_the_package_and_nothing_else(built):
    told = {f"{DIST_INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    assert set(in_wheel(built.wheel)) == {name for name in TREE if name.startswith(PACKAGE)} | told


def test_the_package_is_python_the_mark_of_its_types_and_the_page_of_a_batch():
    """No cache, backup or picture gets into the tree, and from there into a release."""
    others = {PurePosixPath(name).name for name in TREE if name.startswith(PACKAGE) and not name.endswith(".py")}
    assert others == {"py.typed", "report.html.j2"}


def test_the_sdist_holds_the_package_the_examples_and_what_builds_it(built):
    told = {"PKG-INFO", "pyproject.toml", ".gitignore", "README.md", "CHANGELOG.md", "LICENSE"}
    names = set(in_sdist(built.sdist))
    assert names == TREE | told
    assert {"dags/script_to_avatar_video.py", "dags/choose_the_speaker.py", "dags/portraits/presenter.png"} <= names
    assert "dags/presenters/news_anchor.yaml" in names


def test_a_wheel_built_from_the_sdist_is_the_same_to_the_byte(built, tmp_path):
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    build(tmp_path / SDIST, tmp_path / "again", "wheel")
    (again,) = (tmp_path / "again").glob("*.whl")
    assert in_wheel(again) == in_wheel(built.wheel)


def test_package_indexes_take_both(built):
    command = [sys.executable, "-m", "twine", "check", "--strict", str(built.wheel), str(built.sdist)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_no_path_of_the_machine_that_built_it_is_in_there(built):
    told = [body for files in (in_wheel(built.wheel), in_sdist(built.sdist)) for body in files.values()]
    assert not [body[:80] for body in told if str(PROJECT).encode() in body]


def test_the_version_is_said_once_and_the_same_everywhere(built, metadata):
    assert built.wheel.name == f"{PACKAGE}-{__version__}-py3-none-any.whl"
    assert built.sdist.name == f"{SDIST}.tar.gz"
    assert metadata["Version"] == __version__
    assert email.message_from_bytes(in_sdist(built.sdist)["PKG-INFO"])["Version"] == __version__
    assert get_provider_info()["versions"] == [__version__]
    said = [
        name
        for name in TREE
        if name.endswith(".py") and re.search(rf"[\"']{re.escape(__version__)}[\"']", (PROJECT / name).read_text())
    ]
    assert said == [f"{PACKAGE}/__init__.py"]
    assert "version" in PYPROJECT["dynamic"]
    assert __version__ in (PROJECT / "CHANGELOG.md").read_text() or "Unreleased" in (PROJECT / "CHANGELOG.md").read_text()


def test_the_licence_is_said_as_an_expression_and_comes_along(built, metadata):
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert b"Apache License" in in_wheel(built.wheel)[f"{DIST_INFO}/licenses/LICENSE"]


def test_the_metadata_says_which_extra_brings_what(metadata):
    assert set(metadata.get_all("Provides-Extra")) == set(PYPROJECT["optional-dependencies"])
    plain = {requirement.name for line in metadata.get_all("Requires-Dist") if not (requirement := Requirement(line)).marker}
    assert plain == {Requirement(line).name for line in PYPROJECT["dependencies"]}
    assert "espeakng-loader" not in plain


def test_each_command_and_entry_point_leads_somewhere(built):
    told = configparser.ConfigParser(delimiters=("=",))
    told.read_string(in_wheel(built.wheel)[f"{DIST_INFO}/entry_points.txt"].decode())
    points = [EntryPoint(name, value, group) for group in told.sections() for name, value in told.items(group)]
    assert {"apache_airflow_provider", "console_scripts"} <= {point.group for point in points}
    assert all(point.load() for point in points)
