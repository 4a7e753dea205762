"""Placeholders in a presenter's texts, ``{{ run_id }}`` and the like: what may stand there, and nothing else.

Whoever may write a presenter's file may not read what only Dags may: Airflow's ``var`` and ``conn``, or whatever can be reached
through the objects of a task's context. So the texts see plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["placeholders", "rendered"]

_DATES = ("ds", "ds_nodash", "ts", "ts_nodash", "logical_date", "data_interval_start", "data_interval_end")
_TASK = ("dag_id", "task_id", "run_id", "map_index")
"""Not the number of the try: a request that changes with it would be paid for at each one."""


def placeholders(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a presenter's texts may name, as it is in this task.

    :param context: the task's
    """
    ti = context["ti"]
    task = {name: getattr(ti, name, None) for name in _TASK}
    dates = {name: context[name] for name in _DATES if name in context}
    return {**task, **dates, "ti": task, "params": dict(context.get("params") or {})}


def rendered(document: dict[str, Any], *, names: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the document with the placeholders of its texts filled in, those in its mappings too.

    :param document: a presenter's file
    :param names: as of :func:`placeholders`
    :param source: the file's name, for messages
    :raises InvalidRequestError: names the file, the field, and what is wrong with the text
    """
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, cache_size=0, keep_trailing_newline=True)
    filled: dict[str, Any] = _filled(document, environment, names=names, source=source, field="")
    return filled


def _filled(value: Any, environment: Environment, *, names: Mapping[str, Any], source: str, field: str) -> Any:
    if isinstance(value, dict):
        prefix = f"{field}." if field else ""
        return {
            name: _filled(item, environment, names=names, source=source, field=f"{prefix}{name}") for name, item in value.items()
        }
    if not isinstance(value, str) or "{" not in value:
        return value
    try:
        return environment.from_string(value).render(names)
    except Exception as error:  # a template can raise whatever an expression can
        raise InvalidRequestError(
            f"presenter {source}: {field} cannot be rendered: {' '.join(str(error).split())[:200]}",
            advice=f"it may name {', '.join(names)}",
        ) from error
