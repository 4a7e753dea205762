"""The environment that children get: the caller's, without what would configure them behind our back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREIGN_PREFIXES = (
    "AIRFLOW",
    "_AIRFLOW",
    "AWS_",
    "BOTO",
    "DOUBAO",
    "FORWARDED_ALLOW_IPS",
    "GUNICORN",
    "MOTO_",
    "OMNIHUMAN",
    "OTEL_",
    "PYTEST",
    "PYTHONDONTWRITEBYTECODE",  # compiled modules are what makes the second start fast
    "S3_IGNORE",
    "UVICORN",
    "VOLC",
    "WEB_CONCURRENCY",
)
LOOPBACK = "127.0.0.1,localhost"


def children_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the services.

    :param caller: the environment of whoever started the demo.
    """
    environment = {name: value for name, value in caller.items() if not name.startswith(FOREIGN_PREFIXES)}
    for name in ("NO_PROXY", "no_proxy"):  # a company proxy must not be asked for 127.0.0.1
        environment[name] = ",".join(filter(None, (caller.get(name), LOOPBACK)))
    return environment | {
        "PYTHONUNBUFFERED": "1",
        "AWS_CONFIG_FILE": "/dev/null",  # nor must a profile in the home folder be read
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SCARF_ANALYTICS": "false",
    }
