"""The page of all benchmarks: what was run, the table, the goals, the plot."""

from __future__ import annotations

from typing import Any

ORDER = {
    name: place
    for place, name in enumerate(
        ("waiting", "schedule", "quota", "quota-http", "submit", "archive", "imports", "joining", "checking", "render")
    )
}
_INTRODUCTION = """# Benchmarks

Each figure stands beside what one would do otherwise, taken in the same run, in turn. `make bench` takes them all anew,
`make bench-report` writes this page. Brackets hold the smallest and the largest of several runs. Goals that were missed are
told as such, with what stands in the way.
"""

Document = dict[str, Any]


def page(documents: list[Document], images: dict[str, str]) -> str:
    """Return the page.

    :param documents: of the benchmarks, in order
    :param images: the plot of each that has one, as a path from the page
    """
    parts = [_INTRODUCTION, _machines(documents), *(_section(document, images.get(document["name"])) for document in documents)]
    return "\n".join(parts)


def shown(value: object) -> str:
    """Return a cell: a spread as its median and its ends."""
    if isinstance(value, dict) and "median" in value:
        ends = f" ({number(value['low'])} to {number(value['high'])})" if value["runs"] > 1 else ""
        return f"{number(value['median'])}{ends}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def number(value: float) -> str:
    """Return three digits that matter, without an exponent."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = f"{value:.3g}"
    return f"{float(digits):.10f}".rstrip("0").rstrip(".") if "e" in digits else digits


def _machines(documents: list[Document]) -> str:
    facts = {
        f"{document['machine']['cores']} cores, Python {document['machine']['python']}, Airflow {document['machine']['airflow']}"
        for document in documents
    }
    return f"Taken with {' and '.join(sorted(facts))}.\n"


def _section(document: Document, image: str | None) -> str:
    parts = [f"## {document['title']}\n"]
    if document["quick"]:
        parts.append("**Not a measurement**: the quick form, which only shows that the benchmark works.\n")
    parts.append(f"{_sentence(document['method'])}\n")
    if image:
        parts.append(f"![{document['title']}]({image})\n")
    if document["goals"]:
        parts.append(_goals(document["goals"]))
    parts.append(_table(document))
    load = document["machine"]["load_before"]
    parts.append(f"<sub>`benchmarks/{_file(document['name'])}`, {document['taken_at'][:10]}, load {load} at the end.</sub>\n")
    return "\n".join(parts)


def _goals(goals: list[Document]) -> str:
    rows = ["| goal | wanted | reached | |", "|---|---|---|---|"]
    for goal in goals:
        verdict = "met" if goal["is_met"] else "**missed**"
        told = f"{verdict}. {_sentence(goal['remark'])}" if goal["remark"] else verdict
        limit, reached = number(goal["limit"]), number(goal["reached"])
        if reached == limit and goal["reached"] != goal["limit"]:
            reached = f"{goal['reached']:.5g}"  # three digits would hide on which side it is
        rows.append(f"| {shown(goal['wanted'])} | {goal['sense']} {limit} | {reached} | {told} |")
    return "\n".join(rows) + "\n"


def _table(document: Document) -> str:
    columns = document["columns"]
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    rows += ["| " + " | ".join(shown(row.get(column)) for column in columns) + " |" for row in document["rows"]]
    return "\n".join(rows) + "\n"


def _sentence(text: str) -> str:
    text = text.strip().replace("|", "\\|").replace("\n", " ")
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "`")) or not text else ".")


def _file(name: str) -> str:
    return f"{name.removesuffix('-http')}.py"
