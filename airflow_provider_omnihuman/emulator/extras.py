"""Says in one line which packages the emulator lacks, before it starts."""

from __future__ import annotations

from importlib.util import find_spec

from airflow_provider_omnihuman.emulator.errors import StartError

__all__ = ["check_extras", "missing"]

# Of the extra `emulator` and of what it includes.
NEEDED = ("PIL", "aiohttp", "av", "espeakng_loader", "numpy")


def missing(needed: tuple[str, ...]) -> list[str]:
    """Return those of these modules that are not installed."""
    return [name for name in needed if find_spec(name) is None]


def check_extras(needed: tuple[str, ...] = NEEDED) -> None:
    """Complain about modules that are not installed.

    :param needed: their names
    :raises StartError: names them, and the extra to install
    """
    if absent := missing(needed):
        raise StartError(f"not installed: {', '.join(absent)}. Run `pip install 'airflow-provider-omnihuman[emulator]'`")
