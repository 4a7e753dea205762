"""A folder of presenters, as it lies beside a Dag file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_omnihuman.presenters.loading import PresenterFolder, load_presenter
from airflow_provider_omnihuman.presenters.presenter import Presenter


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a presenter's file, ``anchor.yaml`` if no other name is given."""

    def _write(text: str | bytes, *, name: str = "anchor.yaml") -> Path:
        path = tmp_path / "presenters" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Presenter]:
    """Load a presenter as a task of a Dag does that lies beside the folder."""

    def _load(name: str = "anchor", **arguments: object) -> Presenter:
        folder = PresenterFolder(**{"dag_file": str(tmp_path / "dag.py"), **arguments})
        return load_presenter(name, folder=folder)

    return _load
