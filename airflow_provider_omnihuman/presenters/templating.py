"""Placeholders in a presenter's texts, ``{{ run_id }}`` and the like: what may stand there, and nothing else.

Whoever may write a presenter's file may not read what only Dags may: Airflow's ``var`` and ``conn``, or whatever can be reached
through the objects of a task's context. So the texts see plain values. Nor may they keep a worker busy, or fill its memory: what
can grow, such as a loop, a product or a call, is no part of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

__all__ = ["CONTENT_ID", "placeholders", "rendered"]

CONTENT_ID = "{content_id}"
"""What ``{{ content_id }}`` becomes in a label: the operator puts the id there, as soon as it knows what it asks for."""

_DATES = ("ds", "ds_nodash", "ts", "ts_nodash", "logical_date", "data_interval_start", "data_interval_end")
_TASK = ("dag_id", "task_id", "run_id", "map_index")
"""Not the number of the try: a request that changes with it would be paid for at each one."""
_LABEL = "aigc_meta."
_NODES = frozenset(
    "And CondExpr Compare Concat Const Filter Getattr Getitem If Keyword List Name Neg Not Operand Or Output "  # noqa: SIM905
    "Slice TemplateData Test Tuple".split()
)
"""What a text may be made of, by Jinja's names. The sandbox forbids what reaches out, and nothing of what never ends:
``10 ** 10 ** 9`` is computed as soon as it is compiled."""
_FILTERS = frozenset("capitalize d default first int last length lower string title trim truncate upper".split())  # noqa: SIM905
"""Those that make no more of a text than there was; ``center`` or ``replace`` can make a gigabyte of it."""


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
    known = {**names, "content_id": CONTENT_ID} if field.startswith(_LABEL) else names  # the label is no part of what it tells
    try:
        tree = environment.parse(value)
        _check_size(tree)
        return environment.from_string(tree).render(known)
    except Exception as error:  # a template can raise whatever an expression can
        raise InvalidRequestError(
            f"presenter {source}: {field} cannot be rendered: {' '.join(str(error).split())[:200]}",
            advice=f"it may name {', '.join(known)}",
        ) from error


def _check_size(tree: nodes.Template) -> None:
    """Refuse, before it is compiled, a text that may not come to an end, or be any size.

    :raises ValueError: names what may not stand there
    """
    from jinja2 import nodes

    for node in tree.find_all(nodes.Node):
        kind = type(node).__name__
        if kind not in _NODES:
            raise ValueError(f"{kind} may not stand in a presenter's text, which takes names, slices, if and a few filters")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            known = ", ".join(sorted(_FILTERS))
            raise ValueError(f"the filter {node.name} may not stand in a presenter's text: use one of {known}")
