"""Runs inside the demo's Dag processor: it need not parse every story to tell one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zipfile import ZipFile

# In Airflow's own form, so that it travels with the other settings.
CHOSEN = "AIRFLOW__OMNIHUMAN_DEMO__DAG_FILE"


def is_the_chosen_file(file_path: str, zip_file: ZipFile | None = None) -> bool:
    """Tell Airflow (``[core] might_contain_dag_callable``) whether to parse a file.

    :param file_path: the file it found.
    :param zip_file: the archive it lies in, if any.
    """
    return zip_file is None and Path(file_path).name in os.environ[CHOSEN].split(",")
