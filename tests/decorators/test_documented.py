"""The page's Dag is a Dag."""

from __future__ import annotations

import re

from tests.conftest import PROJECT


def test_the_pages_dag_maps_its_renders(omnihuman_airflow, tmp_path):
    code = re.findall(r"```python\n(.+?)```", (PROJECT / "docs" / "decorator.md").read_text(), re.DOTALL)[0]
    (tmp_path / "weather.py").write_text(code)
    dag = omnihuman_airflow.load(tmp_path / "weather.py")
    assert dag.task_ids == ["cities", "render", "archive"]
    assert dag.get_task("render").is_mapped
    assert dag.get_task("archive").upstream_task_ids == {"render"}
