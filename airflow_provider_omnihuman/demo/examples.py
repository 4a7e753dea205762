"""Which Dags a folder holds, and what each is about: read from the files, for nothing has been started yet."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.layout import readable_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["checked_dag", "dags_in"]


def dags_in(folder: Path) -> dict[str, str]:
    """Return the Dags by name, each with the first line of its docstring. A file is named after its Dag.

    :param folder: the folder with the Dag files.
    """
    return {path.stem: _headline(path) for path in sorted(readable_folder(folder).glob("*.py"))}


def checked_dag(name: str, folder: Path) -> str:
    """Return the Dag's name, or complain with a list of those that there are.

    :param name: what was asked for.
    :param folder: the folder with the Dag files.
    """
    known = dags_in(folder)
    if name not in known:
        raise DemoError(f"there is no Dag {name} in {folder}; there is: {', '.join(known) or 'none'}")
    return name


def _headline(path: Path) -> str:
    try:
        text = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    except (OSError, SyntaxError, ValueError):  # Airflow will say what is wrong with it, where it is asked for
        return ""
    return text.partition("\n")[0].lstrip("# ")
