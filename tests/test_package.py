"""The package as a whole: the shape of its modules, and that its documents agree with its code."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re

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


def readme_blocks() -> list[str]:
    return re.findall(r"```python\n(.+?)```", (PROJECT / "README.md").read_text(), re.DOTALL)


def test_the_readmes_film_is_a_dag_too():
    _, code = readme_blocks()
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert {"long_talk.clips.render", "long_talk.join", "long_talk.captions"} <= set(names["dag"].task_ids)


def test_the_readmes_dag_is_a_dag():
    code, _ = readme_blocks()
    assert len(code.splitlines()) <= 26
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # as a Dag file would be
    archive = names["archive"]
    assert archive.upstream_task_ids == {"render"}
    assert set(archive.dag.task_ids) == {"speech", "render", "archive"}
