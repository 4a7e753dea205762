"""Whether Airflow's triggerer is alive, as its API server says: workers and tools have no other way to ask."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

__all__ = ["airflow_health", "api_server_urls", "triggerer_problem", "triggerer_problem_in"]

log = logging.getLogger(__name__)

_TIMEOUT_S = 2.0
_LARGEST_BYTES = 64 * 1024
_EXECUTION_API = "/execution"
_HEALTH = "/api/v2/monitor/health"
_HEALTHY = "healthy"


def triggerer_problem(*, timeout_s: float = _TIMEOUT_S) -> str | None:
    """Return a sentence that says what is wrong with the triggerer, None where it is well or nobody knows. Never raises.

    :param timeout_s: for each of the two addresses that the API server may have, seconds
    """
    health = airflow_health(timeout_s=timeout_s)
    return triggerer_problem_in(health) if health else None


def airflow_health(*, timeout_s: float = _TIMEOUT_S) -> dict[str, Any] | None:
    """Return what the API server says of Airflow's services, None where none answers. Never raises.

    :param timeout_s: as of :func:`triggerer_problem`
    """
    try:
        urls = api_server_urls()
    except Exception as error:  # noqa: BLE001 - a configuration that is broken is not for us to tell
        log.debug("The API server's address is not known: %s", type(error).__name__)
        return None
    answers = (_answer(url + _HEALTH, timeout_s=timeout_s) for url in urls)
    return next(filter(None, answers), None)


def _answer(url: str, *, timeout_s: float) -> dict[str, Any] | None:
    """Ask one address; None where it does not answer in time, whatever keeps it: a name server, or a reply that has no end."""
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        try:
            answers.append(_ask(url, timeout_s=timeout_s))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep a task from deferring
            log.debug("%s does not tell Airflow's health: %s", url, type(error).__name__)

    asking = Thread(target=ask, daemon=True)  # the sockets' own time-outs begin anew with each byte
    try:
        asking.start()
    except RuntimeError:  # no more threads
        return None
    asking.join(timeout_s)
    return answers[0] if answers else None


def triggerer_problem_in(health: Mapping[str, Any]) -> str | None:
    """Return what a health report says against the triggerer, None where nothing.

    :param health: of :func:`airflow_health`
    """
    try:
        triggerer, database = health["triggerer"], health["metadatabase"]
        if database["status"] != _HEALTHY or triggerer["status"] == _HEALTHY:
            return None  # without its database, Airflow cannot know
        heartbeat = triggerer["latest_triggerer_heartbeat"]
        since = f"its last heartbeat was {_utc(heartbeat)}" if heartbeat else "none was ever started"
    except (KeyError, TypeError, ValueError):  # an Airflow that says it in other words
        return None
    return f"no triggerer is alive ({since}): a deferred task waits until one runs: start `airflow triggerer`"


def api_server_urls() -> list[str]:
    """Return the base URLs under which the API server may answer: the one for workers, then the one for people."""
    from airflow.providers.common.compat.sdk import conf

    base = conf.get("api", "base_url", fallback="") or "/"
    base = f"http://localhost:8080{base}" if base.startswith("/") else base  # as Airflow's executors complete it
    execution = conf.get("core", "execution_api_server_url", fallback="") or base
    urls = (execution.rstrip("/").removesuffix(_EXECUTION_API), base)
    return list(dict.fromkeys(url.rstrip("/") for url in urls if urlsplit(url).scheme in {"http", "https"}))


def _ask(url: str, *, timeout_s: float) -> dict[str, Any]:
    context = _tls() if url.startswith("https:") else None
    with urlopen(url, timeout=timeout_s, context=context) as reply:  # noqa: S310 - api_server_urls lets only http(s) through
        health = json.loads(reply.read(_LARGEST_BYTES))
    if not isinstance(health, dict) or "triggerer" not in health:
        raise ValueError("no health report")
    return health


def _tls() -> ssl.SSLContext:
    from airflow.providers.common.compat.sdk import conf

    context = ssl.create_default_context()
    if certificate := conf.get("api", "ssl_cert", fallback=""):  # which Airflow's own workers trust, too
        context.load_verify_locations(certificate)
    return context


def _utc(heartbeat: str) -> str:
    moment = datetime.fromisoformat(heartbeat)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
