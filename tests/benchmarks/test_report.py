"""The report: whole, the same for the same input, and silent about the machine it was made on."""

from __future__ import annotations

import getpass
import json
import socket

import pytest
import report
import report_page
from measuring import Goal, Report, Spread


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    made = Report("made-up", "A made-up benchmark", "one thing beside another", ["way", "ms", "remark"])
    made.add(way="ours", ms=Spread(1.5, 1.25, 1.75, 3), remark=None)
    made.add(way="theirs | piped", ms=Spread(1234.5, 1234.5, 1234.5, 1), remark="slow")
    made.goals = [Goal("at most two", 1.5, 2), Goal("exactly one", 1.0004, 1, remark="by a hair")]
    made.finish(folder=folder)
    return folder


def test_page_holds_table_goals_and_plot(results, tmp_path):
    docs = tmp_path / "docs"
    report.write(report.read(results), docs)
    page = (docs / "benchmarks.md").read_text()
    assert "| ours | 1.5 (1.25 to 1.75) |  |" in page
    assert "| theirs \\| piped | 1,234 | slow |" in page
    assert "| at most two | at most 2 | 1.5 | met |" in page
    assert "| exactly one | at most 1 | 1.0004 | **missed**. By a hair. |" in page
    assert "![A made-up benchmark](images/bench-made-up.svg)" in page
    assert "Not a measurement" not in page


def test_same_results_make_the_same_bytes(results, tmp_path):
    paths = [report.write(report.read(results), tmp_path / name) for name in ("one", "two")]
    for one, two in zip(*paths, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert "<dc:date>" not in one.read_text()


def test_neither_page_nor_results_name_the_machine(results, tmp_path):
    report.write(report.read(results), tmp_path / "docs")
    written = [*results.iterdir(), *(path for path in (tmp_path / "docs").rglob("*") if path.is_file())]
    for path in written:
        text = path.read_text()
        assert str(tmp_path) not in text
        assert socket.gethostname() not in text
        assert f"/home/{getpass.getuser()}" not in text


def test_a_plot_whose_series_is_missing_falls_back_to_the_bars_of_its_table(results, tmp_path, capsys):
    document = json.loads((results / "made-up.json").read_text()) | {"name": "schedule"}
    assert report.draw(document, tmp_path / "plot.svg")
    assert "no plot of its own (KeyError" in capsys.readouterr().err
    assert "<svg" in (tmp_path / "plot.svg").read_text()


def test_no_results_is_said_and_no_page_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["report.py", "--results", str(tmp_path), "--docs", str(tmp_path / "docs")])
    assert report.main() == 1
    assert "run make bench first" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()


@pytest.mark.parametrize(
    ("value", "text"), [(0.0000123, "0.0000123"), (0, "0"), (1.0, "1"), (12.345, "12.3"), (99999.4, "99,999"), (7, "7")]
)
def test_numbers_keep_three_digits_and_no_exponent(value, text):
    assert report_page.number(value) == text
