"""Makes ``docs/benchmarks.md`` and its plots out of ``benchmarks/results/*.json``; the same input gives the same bytes.

Run: ``make bench-report``, or ``.venv/bin/python benchmarks/report.py [--results FOLDER] [--docs FOLDER]``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from measuring import RESULTS
from report_page import ORDER, page
from report_plots import PLOTS, bars_of_rows, style

DOCS = Path(__file__).parent.parent / "docs"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the JSON files")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where benchmarks.md and images/ go")
    arguments = parser.parse_args()
    documents = read(arguments.results)
    if not documents:
        print(f"no results in {arguments.results}: run make bench first", file=sys.stderr)
        return 1
    for path in write(documents, arguments.docs):
        print(path)
    return 0


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the benchmarks' documents, in the order in which they are told."""
    documents = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return sorted(documents, key=lambda document: (ORDER.get(document["name"], len(ORDER)), document["name"]))


def write(documents: list[dict[str, Any]], docs: Path) -> list[Path]:
    """Write the page and the plots; return their paths."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    images: dict[str, str] = {}
    for document in documents:
        path = docs / "images" / f"bench-{document['name']}.svg"
        if draw(document, path):
            images[document["name"]] = f"images/{path.name}"
    text = docs / "benchmarks.md"
    text.write_text(page(documents, images))
    return [text, *(docs / image for image in images.values())]


def draw(document: dict[str, Any], path: Path) -> bool:
    """Draw a benchmark's plot; the bars of its table where it has none, or its series are not those that the plot knows."""
    figure: Figure | None
    with style():
        try:
            figure = PLOTS[document["name"]](document)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            if document["name"] in PLOTS:
                print(f"{document['name']}: no plot of its own ({type(error).__name__}: {error})", file=sys.stderr)
            figure = bars_of_rows(document)
        if figure is None:
            return False
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return True


if __name__ == "__main__":
    sys.exit(main())
