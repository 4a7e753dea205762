"""Says in one line which packages the demo lacks, before anything is started."""

from __future__ import annotations

from importlib.util import find_spec

from airflow_provider_omnihuman.demo.failures import DemoError

# Of the extra `demo` and of the extras that it includes.
NEEDED = ("aiohttp", "av", "espeakng_loader", "flask", "moto", "numpy", "PIL", "rich")


def check_extras(needed: tuple[str, ...] = NEEDED) -> None:
    """Complain about modules that are not installed.

    :param needed: their names.
    """
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise DemoError(
            f"not installed: {', '.join(missing)}. Run `make setup`, or `pip install 'airflow-provider-omnihuman[demo]'`"
        )
