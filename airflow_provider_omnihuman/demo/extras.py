"""Says in one line which packages the demo lacks, before anything is started."""

from __future__ import annotations

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.emulator.extras import missing

# Of the extra `demo` and of the extras that it includes.
NEEDED = ("aiobotocore", "aiohttp", "av", "espeakng_loader", "flask", "moto", "numpy", "PIL", "rich")


def check_extras(needed: tuple[str, ...] = NEEDED) -> None:
    """Complain about modules that are not installed.

    :param needed: their names.
    """
    if absent := missing(needed):
        raise DemoError(
            f"not installed: {', '.join(absent)}. Run `make setup`, or `pip install 'airflow-provider-omnihuman[demo]'`"
        )
