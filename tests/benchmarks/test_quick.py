"""Each benchmark runs in its quick form, as a user would start it, and the report can be made of what it wrote."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SLOW = {"archive", "checking", "imports", "joining", "quota", "render", "schedule", "submit", "waiting"}
"""Whose quick forms take 20 s to a minute: ``make bench-check``."""
OPTIONS = " = options("  # of measuring.py: --quick and --out


def names():
    return sorted(path.stem for path in BENCHMARKS.glob("*.py") if OPTIONS in path.read_text())


def run(script, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    command = [sys.executable, str(BENCHMARKS / f"{script}.py"), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=280)


def figures_of(document):
    cells = [cell for row in document["rows"] for cell in row.values()]
    return [cell["median"] if isinstance(cell, dict) else cell for cell in cells if isinstance(cell, dict | int | float)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.bench) if name in SLOW else name for name in names()])
def test_quick_form_measures_something_and_the_report_shows_it(name, tmp_path):
    results, docs = tmp_path / "results", tmp_path / "docs"
    measured = run(name, "--quick", "--out", results)
    assert measured.returncode == 0, measured.stderr[-3000:]
    documents = [json.loads(path.read_text()) for path in results.glob("*.json")]
    assert documents
    for document in documents:
        figures = figures_of(document)
        assert document["quick"]
        assert figures
        assert all(math.isfinite(figure) for figure in figures)
        assert max(figures) > 0

    reported = run("report", "--results", results, "--docs", docs)
    assert reported.returncode == 0, reported.stderr
    assert "no plot of its own" not in reported.stderr
    page = (docs / "benchmarks.md").read_text()
    assert all(f"## {document['title']}" in page for document in documents)


def test_make_bench_runs_every_benchmark():
    (listed,) = [line for line in (BENCHMARKS.parent / "Makefile").read_text().splitlines() if line.startswith("BENCHMARKS :=")]
    assert sorted(listed.split(":=")[1].split()) == names()
