"""A presenter's file as plain data: YAML or JSON, small, each key once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError

if TYPE_CHECKING:
    import yaml

__all__ = ["MAX_BYTES", "each_key_once", "read_document", "strict_loader"]

MAX_BYTES = 64 * 1024
"""A presenter has some hundred bytes; what is larger is something else."""
_QUOTES = "a text that begins with {{ or holds ': ' must stand in quotes"


def read_document(data: bytes, *, source: str) -> dict[str, Any]:
    """Return the mapping that a file holds.

    :param data: the file; one byte more than ``MAX_BYTES`` is enough to refuse it
    :param source: its name, whose ending tells JSON from YAML
    :raises InvalidRequestError: names the file, and what is wrong with it
    """
    if len(data) > MAX_BYTES:
        raise InvalidRequestError(f"presenter {source} is larger than {MAX_BYTES // 1024} KB: that is no presenter")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"presenter {source} is not UTF-8, at byte {error.start}", advice="save it as UTF-8") from error
    document = _json(text, source=source) if source.lower().endswith(".json") else _yaml(text, source=source)
    if not isinstance(document, dict):
        what = "is empty" if document is None else f"holds a {type(document).__name__}"
        raise InvalidRequestError(f"presenter {source} {what}", advice="write fields into it, such as `portrait: anchor.png`")
    return document


def _json(text: str, *, source: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=each_key_once)
    except RecursionError as error:
        raise InvalidRequestError(f"presenter {source} is nested too deep") from error
    except ValueError as error:
        raise InvalidRequestError(f"presenter {source} is not JSON: {error}") from error


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the mapping of a JSON object, which is refused where JSON lets the last of equal keys win."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        found[name] = value
    return found


def _yaml(text: str, *, source: str) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=strict_loader())  # noqa: S506 - made of the safe one
    except RecursionError as error:
        raise InvalidRequestError(f"presenter {source} is nested too deep") from error
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidRequestError(f"presenter {source} is not YAML{line}: {error.problem}", advice=_QUOTES) from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML does not allow; a date that no calendar has
        raise InvalidRequestError(f"presenter {source} is not YAML: {' '.join(str(error).split())[:200]}") from error


def strict_loader() -> type[yaml.SafeLoader]:
    """Return YAML's safe loader, made stricter: YAML lets the last of equal keys win, and aliases grow without end."""
    import yaml

    class Strict(yaml.SafeLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "aliases (*) are not allowed", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key in [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", key.start_mark)
                seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    return Strict
