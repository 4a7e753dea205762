"""The asset event that tells other Dags of a video in the archive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["DEFAULT_ASSET_ALIAS", "emit_asset_events", "outlets_of"]

DEFAULT_ASSET_ALIAS = "omnihuman_videos"


def outlets_of(given: Any, *, emit_asset_event: bool) -> list[Any]:
    """Return the outlets of an operator that archives videos.

    :param given: the ``outlets`` of the Dag's author; Airflow gives the tasks of a mapped operator an empty list where nobody
        gave any
    :param emit_asset_event: whether others are to hear of the video
    :raises ValueError: outlets are given, and no event is wanted: Airflow emits one for each outlet, whatever an operator does
    """
    if emit_asset_event:
        return given or [AssetAlias(DEFAULT_ASSET_ALIAS)]
    if given:
        raise ValueError("outlets are given, for which Airflow emits asset events, and emit_asset_event is False: leave one out")
    return []


def emit_asset_events(context: Context, outlets: Iterable[Any], location: S3Location, *, facts: dict[str, Any]) -> None:
    """Put the facts of a video into the events of the task's outlets.

    :param context: the task's
    :param outlets: assets, and aliases that the video becomes an asset of
    :param location: of the video
    :param facts: what the events carry
    """
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            context["outlet_events"][outlet].add(Asset(uri=location.asset_uri), extra=facts)
        elif isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update(facts)
