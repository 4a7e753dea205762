"""The report as a page: one HTML file that needs nothing else, in the reader's light or dark."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlsplit

from airflow_provider_omnihuman.api.cost import cost_text
from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.batches.outcomes import grouped

__all__ = ["check_base_url", "report_page"]

_TEMPLATE = "report.html.j2"
_MINUTE_S = 60


def check_base_url(base_url: str | None) -> str | None:
    """Return the address at which the bucket is served.

    :param base_url: http(s); None where videos are named by their ``s3://`` URIs only
    :raises InvalidRequestError: anything else
    """
    if base_url is None:
        return None
    parts = urlsplit(base_url) if isinstance(base_url, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise InvalidRequestError(f"base_url must be an http(s) URL without a query, not {shown(base_url)}")
    return base_url.rstrip("/") + "/"


def report_page(document: Mapping[str, Any], *, thumbnails: Mapping[str, bytes], base_url: str | None = None) -> str:
    """Return the page. All that rows say is escaped, and the page runs no script and loads nothing.

    :param document: as of ``report_document``
    :param thumbnails: JPEGs by poster URI
    :param base_url: where the bucket is served, for links to the videos
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"span": _span, "money": cost_text, "moneys": _moneys}
    template = environment.from_string(files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        report=document,
        totals=document["totals"],
        groups=grouped(document["rows"]),
        failures=[row for row in document["rows"] if row["failure"]],
        picture={uri: f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" for uri, jpeg in thumbnails.items()},
        link=lambda uri: _link(uri, base_url),
    )


def _link(uri: str | None, base_url: str | None) -> str:
    """Return the address of an object; nothing where nobody serves it."""
    if not uri or not base_url:
        return ""
    return base_url + quote(S3Location.from_uri(uri, field="uri").key)


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, _MINUTE_S)
    return f"{minutes:.0f} min {rest:02.0f} s" if minutes else f"{rest:.1f} s"


def _moneys(costs: Sequence[Mapping[str, Any]]) -> str:
    return " + ".join(filter(None, map(cost_text, costs)))
