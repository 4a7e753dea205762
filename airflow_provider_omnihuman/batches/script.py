"""A script with placeholders, such as ``Hello {{ name }}``, filled in from the cells of a row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.batches.rows import is_empty

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

__all__ = ["Script"]

_ROW = "row"


class Script:
    """A Jinja template in a sandbox, which sees the cells of one row and nothing else: no Airflow, no Python.

    ``{{ name }}`` is the cell in the column ``name``, ``{{ row['First name'] }}`` one whose column is no identifier. An empty
    cell counts as missing. What a cell says is never run as a template.

    :param source: the template
    :raises InvalidRequestError: it is no template; says in which line
    """

    def __init__(self, source: str) -> None:
        from jinja2 import TemplateSyntaxError, meta

        if not isinstance(source, str) or not source.strip():
            raise InvalidRequestError("script is empty", advice="give a text, with placeholders such as {{ name }}")
        try:
            self._template = self._environment.from_string(source)
            self._names = meta.find_undeclared_variables(self._environment.parse(source)) - {_ROW}
        except TemplateSyntaxError as error:
            raise InvalidRequestError(f"script is no template: line {error.lineno}: {error.message}") from error

    def fill(self, cells: Mapping[str, Any]) -> str:
        """Return the text for one row.

        :param cells: of the row
        :raises InvalidRequestError: names the column that it needs and does not find, or what else went wrong
        """
        from jinja2 import UndefinedError

        known = {column: value.strip() if isinstance(value, str) else value for column, value in cells.items()}
        known = {column: value for column, value in known.items() if not is_empty(value)}
        try:
            return self._template.render({**known, _ROW: known})
        except UndefinedError as error:
            raise _missing(error, names=self._names, known=known, cells=cells) from error
        except Exception as error:
            # Whatever a filter has against a value: it is the row's, and the others go on.
            raise InvalidRequestError(f"script cannot be filled in: {type(error).__name__}: {str(error)[:200]}") from error

    @cached_property
    def _environment(self) -> SandboxedEnvironment:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # No autoescape: it is spoken, and no HTML.
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=_speakable)
        environment.globals.clear()  # such as range and dict: an empty column of that name would be spoken as Python's own
        return environment


def _speakable(value: Any) -> Any:
    """Return what a placeholder gives; refuse what would be spoken as Python shows it, such as ``None`` or ``{'city': …}``."""
    from jinja2 import Undefined

    if isinstance(value, str | int | float | Undefined):  # an undefined one says itself what is missing
        return value
    raise ValueError(f"a placeholder gives {shown(value)}, which cannot be spoken: take one value of it, or a default")


def _missing(error: Exception, *, names: set[str], known: Mapping[str, Any], cells: Mapping[str, Any]) -> InvalidRequestError:
    lacking = sorted(names - known.keys())
    empty = [name for name in lacking if name in cells]
    unknown = [name for name in lacking if name not in cells]
    told = [f"column {', '.join(map(repr, empty))} is empty"] if empty else []
    told += [f"there is no column {', '.join(map(repr, unknown))} (there are {', '.join(cells) or 'none'})"] if unknown else []
    example = lacking[0] if lacking else "name"
    return InvalidRequestError(
        f"script cannot be filled in: {' and '.join(told) or error}",
        advice=f"fill it in, or say what to take instead: {{{{ {example} | default('…') }}}}",
    )
