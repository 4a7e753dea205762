"""Run by a fresh interpreter: makes Airflow discover its providers, and writes what it knows of ours to a file.

What Airflow has to say about it goes to stdout and stderr. ``python discovery.py FILE`` needs nothing of this source tree, so
that an installation from the wheel can be asked too.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import warnings
from pathlib import Path
from typing import Any

PACKAGE = "airflow_provider_omnihuman"
DISTRIBUTION = "airflow-provider-omnihuman"


def imported() -> dict[str, Any]:
    """Import every module of the package; return what failed, and the warnings that our own lines gave."""
    package = importlib.import_module(PACKAGE)
    (folder,) = package.__path__
    failed: dict[str, str] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for module in pkgutil.walk_packages([folder], f"{PACKAGE}.", onerror=lambda _: None):
            if module.name.endswith("__main__"):
                continue
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                failed[module.name] = str(error.name)
    ours = [f"{item.filename}:{item.lineno}: {item.message}" for item in caught if item.filename.startswith(folder)]
    return {"folder": folder, "failed": failed, "warnings": ours}


def discovered() -> dict[str, Any]:
    """Let Airflow look at every kind of thing that a provider may add; return what it found of ours."""
    from airflow import __version__
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
    from airflow.providers_manager import ProvidersManager

    forms = HookMetaService.hook_meta_data()  # first: on 3.1 it stands in for the form library, as the API server does
    manager = ProvidersManager()
    for name in sorted(dir(ProvidersManager)):
        if name.startswith("initialize_providers_"):
            getattr(manager, name)()
    provider = manager.providers[DISTRIBUTION]
    return {
        "airflow": __version__,
        "version": provider.version,
        "info": provider.data,
        "forms": {form.connection_type: form.model_dump() for form in forms if (form.hook_class_name or "").startswith(PACKAGE)},
        "links": [name for name in manager.extra_links_class_names if name.startswith(PACKAGE)],
        "triggers": [item.trigger_class_name for item in manager.trigger if item.package_name == DISTRIBUTION],
        "decorators": [name for name, item in manager.taskflow_decorators.items() if item.__module__.startswith(PACKAGE)],
    }


if __name__ == "__main__":
    report = {"discovered": discovered(), "imported": imported()}
    Path(sys.argv[1]).write_text(json.dumps(report, default=str))
