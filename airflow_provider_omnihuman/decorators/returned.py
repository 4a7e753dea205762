"""What a decorated function returned becomes the arguments of the operator, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import AigcMeta, VideoRequest
from airflow_provider_omnihuman.api.urls import is_signed, urls_in

__all__ = ["RETURNABLE", "check_complete", "request_arguments", "signed_urls"]

_REQUEST = tuple(item.name for item in fields(VideoRequest))
RETURNABLE = frozenset((*_REQUEST, "aigc_meta", "presenter"))
"""What may be returned: the request itself. How it is submitted and waited for is said where the task is made."""


def request_arguments(returned: object, *, function: str) -> dict[str, Any]:
    """Return the operator's arguments that a function returned, as plain JSON data.

    :param returned: a :class:`VideoRequest` or a mapping
    :param function: its name, for the message
    :raises InvalidRequestError: neither of the two, or an unknown name
    """
    if isinstance(returned, VideoRequest):
        returned = {name: getattr(returned, name) for name in _REQUEST}
    if not isinstance(returned, Mapping):
        raise InvalidRequestError(
            f"{function}() returned {type(returned).__name__}, and @task.omnihuman renders a VideoRequest or a mapping",
            advice=f"nothing was submitted: return a mapping with any of {', '.join(sorted(RETURNABLE))}",
        )
    if unknown := sorted(str(name) for name in returned if name not in RETURNABLE):
        raise InvalidRequestError(
            f"{function}() returned a request with unknown {', '.join(unknown)}; known are {', '.join(sorted(RETURNABLE))}",
            advice="nothing was submitted: what is not about the request itself is an argument of the decorator",
        )
    return {str(name): _plain(value) for name, value in returned.items()}


def check_complete(urls: Mapping[str, Any], *, unset: object) -> None:
    """Refuse a request that lacks what no request can be without.

    :param urls: by the names of their arguments
    :param unset: stands for what nobody gave
    :raises InvalidRequestError: names what is missing
    """
    if missing := [name for name, value in urls.items() if value is unset or value is None]:
        raise InvalidRequestError(
            f"{' and '.join(missing)} is missing", advice="nothing was submitted: return it, or give it to @task.omnihuman"
        )


def signed_urls(arguments: Any) -> Iterator[str]:
    """Yield the URLs whose query signs them, wherever they are: such a thing is a secret, and is stored nowhere.

    :param arguments: texts, mappings, lists and tuples are looked into
    """
    for text in _texts(arguments):
        yield from filter(is_signed, urls_in(text))


def _plain(value: Any) -> Any:
    if isinstance(value, AigcMeta):
        return value.to_dict()
    return list(value) if isinstance(value, tuple) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
