"""What a run read and wrote, in OpenLineage's words; imported only where its client is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.openlineage.facet import Dataset, OutputDataset
from airflow.providers.openlineage.extractors import OperatorLineage
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    documentation_dataset,
    output_statistics_output_dataset,
    storage_dataset,
)

from airflow_provider_omnihuman.api.sites import SITES
from airflow_provider_omnihuman.observability.facets import OmniHumanRenderRunFacet

__all__ = ["film_lineage", "lineage_of"]

_RUN_FACET = "omnihuman_render"


def lineage_of(
    request: Mapping[str, Any], *, archives: bool, archived: Mapping[str, Any] | None
) -> OperatorLineage[Any, Any] | None:
    """Return the lineage of a run; None where nothing is known.

    :param request: the request's facts
    :param archives: whether the run archives a video that another one rendered
    :param archived: what the archive operator returned
    """
    inputs: list[Dataset] = list(_inputs(request))
    outputs: list[Dataset] = []
    video = _named((request.get("reused") or {}).get("uri")) or _video_at_the_service(request)
    if archives:
        inputs += [video] if video else []
        outputs += [_archived_video(archived)] if archived else []
    else:
        outputs += [video] if video else []
    if not inputs and not outputs:
        return None
    return OperatorLineage(inputs=inputs, outputs=outputs, run_facets={_RUN_FACET: _render(request)})


def film_lineage(made_of: Iterable[str], *, archived: Mapping[str, Any] | None) -> OperatorLineage[Any, Any] | None:
    """Return the lineage of a run that joins clips; None where nothing is known. It renders nothing, and so has no facet of ours.

    :param made_of: URLs of clips and soundtracks
    :param archived: what the operator returned
    """
    inputs = [dataset for url in dict.fromkeys(made_of) if (dataset := _named(url))]
    return OperatorLineage(inputs=inputs, outputs=[_archived_video(archived)] if archived else []) if inputs else None


def _inputs(request: Mapping[str, Any]) -> Iterator[Dataset]:
    masks = request.get("mask_url")
    for url in (request.get("image_url"), request.get("audio_url"), *(masks if isinstance(masks, list | tuple) else ())):
        if dataset := _named(url):
            yield dataset


def _named(url: object) -> Dataset | None:
    """Return the dataset at a URL: its bucket or host, and the path in it. Signatures are in queries, which are left out."""
    scheme, _, rest = url.partition("://") if isinstance(url, str) else ("", "", "")
    place, _, name = rest.partition("/")
    if scheme.lower() != "s3":
        try:
            parts = urlsplit(f"{scheme}://{rest}")
            place = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
        except ValueError:
            return None
        name = parts.path.removeprefix("/")
    return Dataset(namespace=f"{scheme.lower()}://{place}", name=name) if place and name else None


def _video_at_the_service(request: Mapping[str, Any]) -> Dataset | None:
    """Return the video where the service keeps it, for 12 h: it ties the run that renders to the run that archives."""
    task_id, site = request.get("task_id"), SITES.get(str(request.get("site")))
    if not task_id or not site or request.get("reused"):
        return None
    return Dataset(namespace=site.endpoint, name=f"tasks/{task_id}")


def _archived_video(archived: Mapping[str, Any]) -> OutputDataset:
    bucket, _, key = archived["uri"].removeprefix("s3://").partition("/")
    shown = "{width}×{height}, {duration_s:.2f} s, {fps:g} frames a second".format(**archived)
    return OutputDataset(
        namespace=f"s3://{bucket}",
        name=key,
        facets={
            "documentation": documentation_dataset.DocumentationDatasetFacet(description=f"Talking-avatar video: {shown}"),
            "storage": storage_dataset.StorageDatasetFacet(storageLayer="s3", fileFormat="mp4"),
            "version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=f"sha256:{archived['sha256']}"),
        },
        outputFacets={
            "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                size=archived["bytes"], fileCount=1
            )
        },
    )


def _render(request: Mapping[str, Any]) -> OmniHumanRenderRunFacet:
    cost = request.get("estimated_cost") or {}
    return OmniHumanRenderRunFacet(
        taskId=request.get("task_id"),
        requestId=request.get("request_id"),
        fingerprint=request.get("fingerprint"),
        site=request.get("site"),
        reqKey=request.get("req_key"),
        connectionId=request.get("omnihuman_conn_id"),
        outputResolution=request.get("output_resolution"),
        fastMode=request.get("pe_fast_mode"),
        seed=request.get("seed"),
        promptLength=len(request.get("prompt") or ""),
        audioSeconds=request.get("audio_duration_s"),
        estimatedCost=cost.get("amount"),
        currency=cost.get("currency"),
        submittedAt=request.get("submitted_at"),
        reused=bool(request.get("reused")),
    )
