"""Keeps the signatures of URLs that a Dag passes in out of the rendered fields that Airflow stores and shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from airflow.providers.common.compat.sdk import mask_secret
from airflow.sdk import BaseOperator

from airflow_provider_omnihuman.api.urls import urls_in

__all__ = ["SignedUrlsMasked"]


class SignedUrlsMasked(BaseOperator):
    """An operator that is given URLs, whose queries may be signatures.

    Airflow stores the rendered template fields of each task and shows them to whoever may see its Dag; what is registered as
    a secret by then, it stores as ``***``.
    """

    signed_fields: ClassVar[tuple[str, ...]] = ()
    """Names of the template fields that may hold such URLs."""

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        # The one method that Airflow calls for mapped and unmapped tasks alike, before it stores the fields.
        super()._do_render_template_fields(*args, **kwargs)
        for field in self.signed_fields:
            for query in _queries(getattr(self, field)):
                mask_secret(query)


def _queries(value: Any) -> Iterator[str]:
    """Yield the query of every http(s) URL in a rendered value."""
    if isinstance(value, str):
        yield from filter(None, (url.partition("?")[2] for url in urls_in(value)))
    elif isinstance(value, Mapping):
        yield from _queries(list(value.values()))
    elif isinstance(value, Iterable):
        for item in value:
            yield from _queries(item)
