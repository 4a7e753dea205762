"""Writes docs/licences.md: the licence of each direct dependency, by extra, from the metadata of what is installed.

Run it in the environment of the newest Airflow, with every extra: ``make licences``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "licences.md"
OURS = "airflow-provider-omnihuman"
NOT_IN_THE_METADATA = {
    "espeakng-loader": "MIT; bundles espeak-ng, **GPL-3.0-or-later**",  # its repository; espeak-ng's COPYING
    "httpx-aiohttp": "BSD-3-Clause",  # the licence's text is there, its name is not
}
CHOICE = {"text-unidecode": "Artistic-1.0-Perl"}
"""What is offered under the GPL or, as one likes, under this; Airflow itself brings it."""
LONG = 40
"""Characters: beyond that it is the text of a licence, and not its name."""
TEMPLATE = PROJECT / "requirements" / "licences.md"


def installed() -> dict[str, Distribution]:
    """Return what is installed, by canonical name."""
    return {canonicalize_name(item.metadata["Name"]): item for item in distributions()}


def licence(item: Distribution) -> str:
    """Return the licence: its expression if there is one, else what the older fields and classifiers say; else nothing."""
    name, metadata = canonicalize_name(item.metadata["Name"]), item.metadata
    if name in NOT_IN_THE_METADATA:
        return NOT_IN_THE_METADATA[name]
    text = (metadata.get("License") or "").strip()
    short = text if "\n" not in text and len(text) < LONG else ""
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    return metadata.get("License-Expression") or short or " / ".join(classifiers)


def is_gpl(item: Distribution) -> bool:
    """Whether any field speaks of the GPL or the AGPL, and no other licence may be chosen."""
    if canonicalize_name(item.metadata["Name"]) in CHOICE:
        return False
    fields = [licence(item), *item.metadata.get_all("Classifier", [])]
    return any(re.search(r"(?<![Ll])\bA?GPL|(?<!Lesser )(?<!Library )General Public Licen[cs]e", field) for field in fields)


def closure(requirements: Iterable[str], have: dict[str, Distribution]) -> dict[str, Distribution]:
    """Return all that these requirements bring, directly or not."""
    todo = [Requirement(line) for line in requirements]
    done: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if name in have and (name, extra) not in done:
                done.add((name, extra))
                wanted = map(Requirement, have[name].requires or [])
                todo += [item for item in wanted if item.marker is None or item.marker.evaluate({"extra": extra})]
    return {name: have[name] for name, _ in done}


def direct() -> Iterator[tuple[str, list[str]]]:
    """Yield each extra, the plain package first, with its direct dependencies."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    yield "", project["dependencies"]
    yield from project["optional-dependencies"].items()


def tables() -> str:
    """Return a table for each extra."""
    have = installed()
    parts = []
    for extra, requirements in direct():
        title = f"## Extra `{extra}`" if extra else "## The plain package"
        wanted = [Requirement(line) for line in requirements]
        others = sorted(name for item in wanted if item.name == OURS for name in item.extras)
        rows = [f"| {item.name} | {licence(have[canonicalize_name(item.name)])} |" for item in wanted if item.name != OURS]
        brings = f"Brings {', '.join(f'`{name}`' for name in others)}.\n\n" if others else ""
        table = "\n".join(["| package | licence |", "|---|---|", *sorted(set(rows), key=str.lower)])
        parts.append(f"{title}\n\n{brings}{table if rows else ''}".rstrip())
    return "\n\n".join(parts)


def page() -> str:
    """Return the whole page."""
    return TEMPLATE.read_text().rstrip() + "\n\n" + tables() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
