"""The page's presenter is one, and so are those of the examples; the page's Dag is a Dag."""

from __future__ import annotations

import re
import runpy

import pytest

from airflow_provider_omnihuman.presenters.fields import ENGINES
from airflow_provider_omnihuman.presenters.loading import PresenterFolder, load_presenter
from airflow_provider_omnihuman.presenters.portraits import _checked, _read
from airflow_provider_omnihuman.presenters.templating import placeholders
from tests.conftest import PROJECT
from tests.task_context import task_context

PAGE = (PROJECT / "docs" / "presenters.md").read_text()
FILES = sorted((PROJECT / "dags" / "presenters").glob("*"))


def test_the_pages_presenter_is_one(write, load):
    write(re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)[0])
    assert load().render["output_resolution"] == 720


def test_the_pages_dag_is_one(tmp_path):
    (tmp_path / "news.py").write_text(re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)[0])
    dag = runpy.run_path(str(tmp_path / "news.py"))["dag"]
    assert dag.task_ids == ["speech", "render", "archive"]
    assert dag.get_task("render").presenter == "news_anchor"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_presenter_of_the_examples_is_whole(path):
    folder = PresenterFolder(dag_file=str(PROJECT / "dags" / "any.py"))
    presenter = load_presenter(path.stem, folder=folder, names=placeholders(task_context()))
    assert presenter.engine in ENGINES
    assert presenter.voice
    assert _checked(_read(presenter.portrait, told=""), told="") == "png"
